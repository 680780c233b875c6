#include "dataplane/telemetry/community_id.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA1_*: the one-shot SHA1() looks its provider up and allocates
                                     // (docs/decisions/010)
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <tuple>

namespace weir {
namespace {

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58, kSctp = 132;

struct Pair {
  std::uint8_t request, reply;
};
// Types that answer each other stand for ports; all others are one-way and keep their code.
constexpr std::array kIcmpPairs = {Pair{8, 0}, Pair{13, 14}, Pair{15, 16}, Pair{17, 18}, Pair{10, 9}};
constexpr std::array kIcmp6Pairs = {Pair{128, 129}, Pair{133, 134}, Pair{135, 136},
                                    Pair{130, 131}, Pair{139, 140}, Pair{144, 145}};

struct Ends {
  std::uint16_t src = 0;
  std::uint16_t dst = 0;
  bool one_way = false;
};

template <std::size_t N>
Ends IcmpEnds(const std::array<Pair, N>& pairs, std::uint8_t type, std::uint8_t code) noexcept {
  for (const Pair& pair : pairs) {
    if (type == pair.request) return {pair.request, pair.reply, false};
    if (type == pair.reply) return {pair.reply, pair.request, false};
  }
  return {type, code, true};
}

Ends EndsOf(const EventHead& head) noexcept {
  if (head.proto == kIcmp) return IcmpEnds(kIcmpPairs, head.icmp_type, head.icmp_code);
  if (head.proto == kIcmp6) return IcmpEnds(kIcmp6Pairs, head.icmp_type, head.icmp_code);
  return {head.src_port, head.dst_port, false};
}

bool HasPorts(std::uint8_t proto) noexcept {
  return proto == kTcp || proto == kUdp || proto == kSctp || proto == kIcmp || proto == kIcmp6;
}

}  // namespace

CommunityId::CommunityId(const EventHead& head) noexcept {
  Ends ends = EndsOf(head);
  const IpAddress* src = &head.src;
  const IpAddress* dst = &head.dst;
  if (!ends.one_way && std::tie(dst->octets, ends.dst) < std::tie(src->octets, ends.src)) {
    std::swap(src, dst);
    std::swap(ends.src, ends.dst);
  }
  std::array<std::uint8_t, 2 + 16 + 16 + 2 + 4> tuple{};  // the seed, 0, stands first
  std::size_t n = 2;
  const std::size_t width = head.ip_version == 4 ? 4 : 16;
  for (const IpAddress* address : {src, dst}) {
    std::copy_n(address->octets.begin(), width, tuple.begin() + static_cast<std::ptrdiff_t>(n));
    n += width;
  }
  tuple[n++] = head.proto;
  tuple[n++] = 0;
  if (HasPorts(head.proto)) {
    for (const std::uint16_t port : {ends.src, ends.dst}) {
      tuple[n++] = static_cast<std::uint8_t>(port >> 8);
      tuple[n++] = static_cast<std::uint8_t>(port);
    }
  }
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, tuple.data(), n);
  SHA1_Final(digest.data(), &context);
  std::array<std::uint8_t, 29> base64{};  // with its terminating 0
  EVP_EncodeBlock(base64.data(), digest.data(), SHA_DIGEST_LENGTH);
  text_[0] = '1';
  text_[1] = ':';
  std::copy_n(base64.begin(), 28, text_.begin() + 2);
}

}  // namespace weir
