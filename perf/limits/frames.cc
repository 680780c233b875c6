#include "perf/limits/frames.h"

#include <openssl/evp.h>

#include <algorithm>

#include "classifiers/metadata/quic_keys.h"
#include "dataplane/core/packet_view.h"
#include "dataplane/packet/checksum.h"

namespace weir::perf {
namespace {

constexpr std::size_t kEthernet = 14;

// Room for a frame of `payload` bytes behind its IP header; returns where the payload goes.
std::byte* WriteIp(FrameBytes& out, const Path& path, Direction direction, std::uint8_t proto, std::size_t payload,
                   std::uint16_t fragment = 0, std::uint32_t id = 0) {
  const bool to_server = direction == Direction::kToServer;
  const IpAddress& src = to_server ? path.client : path.server;
  const IpAddress& dst = to_server ? path.server : path.client;
  const bool fragment6 = path.ipv6 && (fragment != 0 || id != 0);
  const std::size_t header = path.ipv6 ? (fragment6 ? 48u : 40u) : 20u;
  out.assign(kEthernet + header + payload, std::byte{0});
  StoreBe16(&out[12], path.ipv6 ? 0x86dd : 0x0800);
  std::byte* ip = &out[kEthernet];
  if (!path.ipv6) {
    ip[0] = std::byte{0x45};
    StoreBe16(ip + 2, static_cast<std::uint16_t>(header + payload));
    StoreBe16(ip + 4, static_cast<std::uint16_t>(id));
    StoreBe16(ip + 6, fragment);
    ip[8] = std::byte{64};
    ip[9] = std::byte{proto};
    std::copy_n(reinterpret_cast<const std::byte*>(src.octets.data()), 4, ip + 12);
    std::copy_n(reinterpret_cast<const std::byte*>(dst.octets.data()), 4, ip + 16);
    StoreBe16(ip + 10, static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd({ip, header}))));
    return ip + header;
  }
  ip[0] = std::byte{0x60};
  StoreBe16(ip + 4, static_cast<std::uint16_t>(header - 40 + payload));
  ip[6] = std::byte{fragment6 ? std::uint8_t{44} : proto};
  ip[7] = std::byte{64};
  std::copy_n(reinterpret_cast<const std::byte*>(src.octets.data()), 16, ip + 8);
  std::copy_n(reinterpret_cast<const std::byte*>(dst.octets.data()), 16, ip + 24);
  if (fragment6) {
    ip[40] = std::byte{proto};
    StoreBe16(ip + 42, static_cast<std::uint16_t>((fragment & 0x1fff) << 3 | fragment >> 13));
    StoreBe32(ip + 44, id);
  }
  return ip + header;
}

// The sum over pseudo header and segment, which end the frame (RFC 9293 s3.1).
std::uint16_t Checksum(const FrameBytes& frame, const Path& path, std::uint8_t proto, std::size_t size) {
  const std::size_t width = path.ipv6 ? 16 : 4;
  const std::size_t at = kEthernet + (path.ipv6 ? 8 : 12);
  std::uint64_t sum = ChecksumAdd(Bytes(frame).subspan(at, 2 * width), proto + size);
  sum = ChecksumAdd(Bytes(frame).last(size), sum);
  return static_cast<std::uint16_t>(~ChecksumFold(sum));
}

// Window scale 8, so that a receiver takes 16 MiB.
constexpr std::array<std::uint8_t, 4> kSynOptions = {1, 3, 3, 8};

}  // namespace

Path PathOf(std::uint32_t n, bool ipv6, std::uint16_t server_port) {
  Path path;
  path.ipv6 = ipv6;
  const std::array<std::uint8_t, 4> low = {static_cast<std::uint8_t>(0x40 | (n >> 24 & 0x0f)),
                                           static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8),
                                           static_cast<std::uint8_t>(n)};
  if (ipv6) {
    path.client.octets = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0a};
    path.server.octets = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
    std::copy(low.begin(), low.end(), path.client.octets.begin() + 12);
  } else {
    std::copy(low.begin(), low.end(), path.client.octets.begin());
    path.server.octets = {198, 51, 100, 7};
  }
  path.client_port = static_cast<std::uint16_t>(1024 + n % 60000);
  path.server_port = server_port;
  return path;
}

void WriteTcp(FrameBytes& out, const Path& path, Direction direction, const Tcp& tcp, Bytes payload) {
  const bool to_server = direction == Direction::kToServer;
  const std::size_t header = (tcp.flags & kTcpSyn) != 0 ? 24 : 20;
  std::byte* at = WriteIp(out, path, direction, kProtoTcp, header + payload.size());
  StoreBe16(at, to_server ? path.client_port : path.server_port);
  StoreBe16(at + 2, to_server ? path.server_port : path.client_port);
  StoreBe32(at + 4, tcp.seq);
  StoreBe32(at + 8, tcp.ack);
  at[12] = static_cast<std::byte>(header / 4 << 4);
  at[13] = std::byte{tcp.flags};
  StoreBe16(at + 14, 0xffff);
  if (header > 20) std::copy_n(reinterpret_cast<const std::byte*>(kSynOptions.data()), 4, at + 20);
  std::copy(payload.begin(), payload.end(), at + header);
  StoreBe16(at + 16, Checksum(out, path, kProtoTcp, header + payload.size()));
}

void WriteUdp(FrameBytes& out, const Path& path, Direction direction, Bytes payload) {
  const bool to_server = direction == Direction::kToServer;
  std::byte* at = WriteIp(out, path, direction, kProtoUdp, 8 + payload.size());
  StoreBe16(at, to_server ? path.client_port : path.server_port);
  StoreBe16(at + 2, to_server ? path.server_port : path.client_port);
  StoreBe16(at + 4, static_cast<std::uint16_t>(8 + payload.size()));
  std::copy(payload.begin(), payload.end(), at + 8);
  StoreBe16(at + 6, Checksum(out, path, kProtoUdp, 8 + payload.size()));
}

void WriteFragment(FrameBytes& out, const Path& path, std::uint32_t id, std::uint16_t offset, bool more,
                   Bytes payload) {
  const auto field = static_cast<std::uint16_t>((more ? 0x2000 : 0) | offset / 8);
  std::byte* at = WriteIp(out, path, Direction::kToServer, kProtoUdp, payload.size(), field, id);
  std::copy(payload.begin(), payload.end(), at);
}

FrameBytes LongHello(std::size_t size, std::uint32_t message, std::size_t record) {
  FrameBytes body;
  const auto put = [&](std::initializer_list<std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) body.push_back(std::byte{byte});
  };
  put({1, static_cast<std::uint8_t>(message >> 16), static_cast<std::uint8_t>(message >> 8),
       static_cast<std::uint8_t>(message), 3, 3});
  body.resize(body.size() + 32, std::byte{7});
  put({0, 0, 2, 0x13, 1, 1, 0, 0xff, 0xff});
  FrameBytes out;
  for (std::size_t at = 0; out.size() < size; at += record) {
    const std::array<std::uint8_t, 5> header = {22, 3, 1, static_cast<std::uint8_t>(record >> 8),
                                                static_cast<std::uint8_t>(record)};
    for (const std::uint8_t byte : header) out.push_back(std::byte{byte});
    for (std::size_t i = at; i < at + record; ++i) out.push_back(i < body.size() ? body[i] : std::byte{0});
  }
  out.resize(size);
  return out;
}

namespace {

constexpr std::size_t kDatagram = 1200;

// A long header up to the packet number of one byte, which is 0.
FrameBytes InitialHeader(std::uint64_t dcid, std::size_t rest) {
  FrameBytes out(18 + 3);
  out[0] = std::byte{0xc0};
  StoreBe32(&out[1], 1);
  out[5] = std::byte{8};
  StoreBe32(&out[6], static_cast<std::uint32_t>(dcid >> 32));
  StoreBe32(&out[10], static_cast<std::uint32_t>(dcid));
  // No source id, no token; then the length in two bytes, then the packet number.
  StoreBe16(&out[16], static_cast<std::uint16_t>(0x4000 | (1 + rest)));
  out.resize(19);
  return out;
}

}  // namespace

FrameBytes QuicInitial(std::uint64_t dcid, Bytes frames) {
  FrameBytes out = InitialHeader(dcid, kDatagram - 19);
  const std::size_t header = out.size();
  out.insert(out.end(), frames.begin(), frames.end());
  out.resize(kDatagram);
  const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(1), Bytes(out).subspan(6, 8));
  static EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  int n = 0;
  const int plain = static_cast<int>(kDatagram - header - 16);
  EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, keys.key.data(), keys.iv.data());
  EVP_EncryptUpdate(cipher, nullptr, &n, at, static_cast<int>(header));
  EVP_EncryptUpdate(cipher, at + header, &n, at + header, plain);
  EVP_EncryptFinal_ex(cipher, at, &n);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, at + kDatagram - 16);
  unsigned char mask[16];
  EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, keys.header.data(), nullptr);
  EVP_EncryptUpdate(cipher, mask, &n, at + header - 1 + 4, 16);
  at[0] = static_cast<unsigned char>(at[0] ^ (mask[0] & 0x0f));
  at[header - 1] = static_cast<unsigned char>(at[header - 1] ^ mask[1]);
  return out;
}

FrameBytes QuicGarbage(std::uint64_t dcid, std::size_t size) {
  FrameBytes out = InitialHeader(dcid, size - 19);
  for (std::size_t i = 0; out.size() < size; ++i) out.push_back(static_cast<std::byte>(dcid >> (i % 8 * 8) ^ i));
  return out;
}

}  // namespace weir::perf
