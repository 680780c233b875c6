// disguise: writes conversations that try to slip blocked.example past a box, for shared/tools/evasion_check.py.
//
//   disguise --out DIR [--count N] [--seed FIRST] [--families hello,segments,...]
//       NAME.pcap files, cases.tsv (MATCH, and FALSE for innocent twins of which no frame may be missing) and
//       evade.rules
//   disguise --name NAME --seed S --pcap FILE   one conversation that names NAME
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/disguise/box.h"
#include "tests/disguise/oracle.h"

namespace weir::disguise {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 10> kFamilies = {{{"all", kAllFamilies},
                                                                              {"hello", kHelloShapes},
                                                                              {"segments", kSegments},
                                                                              {"handshakes", kHandshakes},
                                                                              {"decoys", kDecoySegments},
                                                                              {"conflicts", kConflicts},
                                                                              {"fragments", kFragments},
                                                                              {"links", kLinks},
                                                                              {"tunnels", kTunnels},
                                                                              {"flows", kFlows}}};

struct Options {
  std::string out, name, pcap;
  std::uint32_t count = 200, seed = 1;
  unsigned families = kAllFamilies;
};

unsigned FamiliesOf(std::string_view list) {
  unsigned out = 0;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    for (const auto& [name, bit] : kFamilies) out |= name == one ? bit : 0u;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return out;
}

// A classic pcap file, microseconds, Ethernet; a frame a millisecond.
void WritePcap(const std::string& path, const std::vector<Frame>& frames) {
  std::ofstream file(path, std::ios::binary);
  const auto put = [&](std::initializer_list<std::uint32_t> words) {
    for (const std::uint32_t word : words) file.write(reinterpret_cast<const char*>(&word), 4);
  };
  put({0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1});
  std::uint32_t at = 0;
  for (const Frame& f : frames) {
    const auto size = static_cast<std::uint32_t>(f.bytes.size());
    put({1'700'000'000 + at / 1000, at % 1000 * 1000, size, size});
    file.write(reinterpret_cast<const char*>(f.bytes.data()), static_cast<std::streamsize>(size));
    ++at;
  }
}

int WriteCases(const Options& options) {
  std::ofstream(options.out + "/evade.rules") << kRules;
  std::ofstream cases(options.out + "/cases.tsv");
  for (std::uint32_t i = 0; i < options.count; ++i) {
    const Disguise disguise = Draw(options.seed + i, options.families);
    const Conversation blocked = Play(disguise, kBlocked);
    std::vector<Octets> bytes;
    for (const Frame& f : blocked.frames) bytes.push_back(f.bytes);
    if (HostsThatRead(bytes, kBlocked).empty()) continue;
    const std::string label = std::to_string(disguise.seed);
    WritePcap(options.out + "/m" + label + ".pcap", blocked.frames);
    cases << 'm' << label << "\tMATCH\t" << blocked.frames.size() << '\t' << disguise.name << '\n';
    const Conversation twin = Play(disguise, kAllowed);
    if (!twin.strict()) continue;
    WritePcap(options.out + "/f" + label + ".pcap", twin.frames);
    cases << 'f' << label << "\tFALSE\t" << twin.frames.size() << "\tinnocent " << disguise.name << '\n';
  }
  return cases.good() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    const std::string value = argv[i + 1];
    if (key == "--out") options.out = value;
    if (key == "--name") options.name = value;
    if (key == "--pcap") options.pcap = value;
    if (key == "--count") options.count = static_cast<std::uint32_t>(std::stoul(value));
    if (key == "--seed") options.seed = static_cast<std::uint32_t>(std::stoul(value));
    if (key == "--families") options.families = FamiliesOf(value);
  }
  if (!options.out.empty()) return WriteCases(options);
  if (options.name.empty() || options.pcap.empty()) {
    std::fputs(
        "usage: disguise --out DIR [--count N] [--seed FIRST] [--families LIST] | --name NAME --seed S --pcap FILE\n",
        stderr);
    return 2;
  }
  const Disguise disguise = Draw(options.seed, options.families);
  const Conversation played = Play(disguise, options.name);
  WritePcap(options.pcap, played.frames);
  std::printf("%s: %zu frames\n", disguise.name.c_str(), played.frames.size());
  return 0;
}

}  // namespace
}  // namespace weir::disguise

int main(int argc, char** argv) { return weir::disguise::Main(argc, argv); }
