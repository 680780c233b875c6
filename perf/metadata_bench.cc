// One iteration: one flow's first client bytes through a fresh Inspector, of real
// clients (tests/captures).
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include "classifiers/metadata/inspector.h"
#include "dataplane/io/capture.h"
#include "dataplane/packet/parser.h"

namespace weir::perf {
namespace {

// The first payload to port 443 of a shipped capture.
std::vector<std::byte> FirstPayload(const std::string& name, std::uint8_t proto) {
  auto reader = CaptureReader::Open(std::string(WEIR_SOURCE_ROOT "/tests/captures/") + name);
  while (reader) {
    auto next = (*reader)->Next();
    if (!next || !*next) break;
    PacketView view;
    if (Parse((*next)->bytes, (*reader)->link(), {}, view) != DropReason::kNone) continue;
    if (view.proto == proto && view.dst_port == 443 && view.payload_len > 0)
      return {view.payload().begin(), view.payload().end()};
  }
  return {};
}

void Read(benchmark::State& state, const std::vector<std::byte>& bytes, std::uint8_t proto, BufferId name) {
  if (bytes.empty()) return state.SkipWithError("no capture");
  for (auto _ : state) {
    Inspector inspector(ReaderLimits{}, proto);
    Metadata found;
    if (proto == 6) {
      (void)inspector.OnStream(Direction::kToServer, bytes, found);
    } else {
      (void)inspector.OnDatagram(Direction::kToServer, bytes, found);
    }
    if (found.First(name, 0).empty()) return state.SkipWithError("no name is read");
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void BM_TlsHello(benchmark::State& state) {
  Read(state, FirstPayload("tls13-http2-curl.pcap", 6), 6, BufferId::kTlsSni);
}
BENCHMARK(BM_TlsHello);

// One iteration: one SHA-256 of a short text, its method asked for by name in each
// call or once.
void BM_Digest(benchmark::State& state) {
  const EVP_MD* const once = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  const std::string text(64, 'x');
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  for (auto _ : state) {
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, state.range(0) != 0 ? once : EVP_sha256(), nullptr);
    benchmark::DoNotOptimize(digest);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Digest)->ArgName("fetched_once")->Arg(0)->Arg(1);

void BM_QuicInitial(benchmark::State& state) {
  Read(state, FirstPayload("quic-v1-ngtcp2.pcap", 17), 17, BufferId::kQuicSni);
}
BENCHMARK(BM_QuicInitial);

}  // namespace
}  // namespace weir::perf
