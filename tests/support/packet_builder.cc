#include "tests/support/packet_builder.h"

#include <arpa/inet.h>

#include <stdexcept>
#include <string>

namespace weir::test {
namespace {

Octets Address(std::string_view text) {
  const bool v6 = text.find(':') != std::string_view::npos;
  Octets raw(v6 ? 16 : 4);
  if (inet_pton(v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), raw.data()) != 1)
    throw std::invalid_argument("address");
  return raw;
}

// RFC 1071, written apart from the product's so that it checks it.
std::uint16_t Checksum(const Octets& data) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2) {
    const auto high = static_cast<std::uint32_t>(data[i]);
    const auto low = i + 1 < data.size() ? static_cast<std::uint32_t>(data[i + 1]) : 0u;
    sum += high << 8 | low;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

void Put16(Octets& at, std::size_t i, std::uint16_t value) { StoreBe16(at.data() + i, value); }

Octets Pseudo(std::string_view src, std::string_view dst, std::uint8_t proto, std::size_t length) {
  return Address(src) + Address(dst) + Be16({static_cast<std::uint16_t>(length), proto});
}

}  // namespace

Octets Hex(std::string_view digits) {
  Octets out;
  std::string pair;
  for (const char c : digits) {
    if (c == ' ') continue;
    pair += c;
    if (pair.size() < 2) continue;
    out.push_back(static_cast<std::byte>(std::stoi(pair, nullptr, 16)));
    pair.clear();
  }
  return out;
}

Octets Text(std::string_view text) {
  const Bytes bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Octets Be16(std::initializer_list<std::uint16_t> words) {
  Octets out(words.size() * 2);
  std::size_t i = 0;
  for (const std::uint16_t word : words) Put16(out, 2 * i++, word);
  return out;
}

Octets Tcp(const TcpHeader& h, const Octets& payload, std::string_view src, std::string_view dst) {
  Octets options = h.options;
  while (options.size() % 4 != 0) options.push_back(std::byte{1});
  const auto words = static_cast<std::uint16_t>((20 + options.size()) / 4);
  Octets out = Be16({h.sport, h.dport, static_cast<std::uint16_t>(h.seq >> 16), static_cast<std::uint16_t>(h.seq),
                     static_cast<std::uint16_t>(h.ack >> 16), static_cast<std::uint16_t>(h.ack),
                     static_cast<std::uint16_t>(words << 12 | h.flags), h.window, 0, h.urgent}) +
               options + payload;
  Put16(out, 16, Checksum(Pseudo(src, dst, 6, out.size()) + out));
  return out;
}

Octets Udp(std::uint16_t sport, std::uint16_t dport, const Octets& payload, std::string_view src,
           std::string_view dst) {
  Octets out = Be16({sport, dport, static_cast<std::uint16_t>(8 + payload.size()), 0}) + payload;
  Put16(out, 6, Checksum(Pseudo(src, dst, 17, out.size()) + out));
  return out;
}

Octets Ipv4(std::uint8_t proto, const Octets& payload, std::string_view src, std::string_view dst,
            std::uint16_t fragment) {
  Octets head = Be16({0x4500, static_cast<std::uint16_t>(20 + payload.size()), 0x1234, fragment,
                      static_cast<std::uint16_t>(64 << 8 | proto), 0}) +
                Address(src) + Address(dst);
  Put16(head, 10, Checksum(head));
  return head + payload;
}

Octets Ipv6(std::uint8_t next_header, const Octets& payload, std::string_view src, std::string_view dst) {
  return Be16({0x6000, 0, static_cast<std::uint16_t>(payload.size()),
               static_cast<std::uint16_t>(next_header << 8 | 64)}) +
         Address(src) + Address(dst) + payload;
}

Octets Ethernet(std::uint16_t type, const Octets& payload) {
  return Hex("02 00 00 00 00 02 02 00 00 00 00 01") + Be16({type}) + payload;
}

}  // namespace weir::test
