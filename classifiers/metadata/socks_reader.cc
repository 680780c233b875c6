#include "classifiers/metadata/socks_reader.h"

#include <algorithm>
#include <utility>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

constexpr std::size_t kMore = 0;           // not whole yet
constexpr std::size_t kBroken = SIZE_MAX;  // no SOCKS
constexpr std::size_t kMaxUser = 2048;     // of SOCKS4, without its end
constexpr std::size_t kMaxDomain = 256;
constexpr std::string_view kProxy2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view kProxy1 = "PROXY ";
constexpr std::size_t kMaxProxy1 = 107;  // proxy-protocol.txt s2.1

unsigned At(std::string_view text, std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); }

// Bytes of an address with its port, from the type on (RFC 1928 s5); kMore, kBroken.
std::size_t AddressSize(std::string_view text) noexcept {
  if (text.size() < 2) return kMore;
  switch (At(text, 0)) {
    case 1:
      return 1 + 4 + 2;
    case 3:
      return 1 + 1 + At(text, 1) + 2;
    case 4:
      return 1 + 16 + 2;
    default:
      return kBroken;
  }
}

void AddHost(std::string_view host, Metadata& out) {
  out.Add(BufferId::kSocksHost, Direction::kToServer, 0, NormaliseHost(host));
}

// SOCKS4: 4, command, port, address, user NUL; 4a: an address 0.0.0.x, then a name NUL.
std::size_t ReadVersion4(std::string_view said, Metadata& out) {
  if (said.size() < 9) return kMore;
  const std::size_t user_end = said.find('\0', 8);
  if (user_end == std::string_view::npos) return said.size() > 8 + kMaxUser ? kBroken : kMore;
  const bool named = At(said, 4) == 0 && At(said, 5) == 0 && At(said, 6) == 0 && At(said, 7) != 0;
  if (!named) return user_end + 1;
  const std::size_t end = said.find('\0', user_end + 1);
  if (end == std::string_view::npos) return said.size() - user_end > kMaxDomain + 1 ? kBroken : kMore;
  AddHost(said.substr(user_end + 1, end - user_end - 1), out);
  return end + 1;
}

}  // namespace

int SocksReader::Probe(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToClient) return 0;
  if (start.empty()) return -1;
  const unsigned version = LoadU8(start.data());
  if (version != 4 && version != 5) return 0;
  if (start.size() < 2) return -1;
  const unsigned second = LoadU8(&start[1]);
  if (version == 4) {
    if (second != 1 && second != 2) return 0;
    if (start.size() < 9) return -1;
    const std::string_view user = AsText(start.subspan(8));
    return user.find('\0') != std::string_view::npos ? 1 : user.size() > kMaxUser ? 0 : -1;
  }
  if (second == 0) return 0;
  // The methods are all different in what any client sends; no other test is to be had.
  return start.size() >= 2 + second ? 1 : -1;
}

void SocksReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  result.proto = broken_ ? AppProto::kUnknown : AppProto::kSocks;
  result.state = broken_ ? ReaderState::kUnknown : ReaderState::kNameMayCome;
  consumed_ = broken_ ? bytes.size() : 0;
  if (broken_) return;
  const bool client = direction == Direction::kToServer;
  while (consumed_ < bytes.size() && !(client ? open_ : answered_)) {
    (client ? client_ : server_) += static_cast<char>(bytes[consumed_++]);
    const std::size_t size = client ? ReadClient(out) : ServerBytes();
    if (size == kMore) continue;
    if (size == kBroken) {
      broken_ = client;
      answered_ = true;  // a server's word that we do not know: the tunnel has it
      break;
    }
    (client ? open_ : answered_) = true;
  }
  if (!client && !open_) {
    held_.append(AsText(bytes.subspan(consumed_)).substr(0, kMostHeld - held_.size()));
    consumed_ = bytes.size();
  }
  if (!broken_) return;
  result.proto = AppProto::kUnknown;
  result.state = ReaderState::kUnknown;
}

std::string SocksReader::TakeHeld(Direction direction) {
  return direction == Direction::kToClient ? std::exchange(held_, {}) : std::string{};
}

std::size_t SocksReader::ReadClient(Metadata& out) {
  return At(client_, 0) == 4 ? ReadVersion4(client_, out) : ReadVersion5(out);
}

// Greeting, then the user and password if one of the methods has them, then the request.
std::size_t SocksReader::ReadVersion5(Metadata& out) {
  std::string_view said = client_;
  if (said.size() < 2 || said.size() < 2 + At(said, 1)) return kMore;
  said.remove_prefix(2 + At(said, 1));
  if (!said.empty() && At(said, 0) == 1) {
    if (said.size() < 2 || said.size() < 3 + At(said, 1)) return kMore;
    const std::size_t user = 2 + At(said, 1);
    if (said.size() < user + 1 + At(said, user)) return kMore;
    said.remove_prefix(user + 1 + At(said, user));
  }
  if (said.empty()) return kMore;
  if (At(said, 0) != 5) return kBroken;  // another method (GSSAPI) seals what follows
  if (said.size() < 4) return kMore;
  const std::size_t address = AddressSize(said.substr(3));
  if (address == kMore || address == kBroken) return address;
  if (said.size() < 3 + address) return kMore;
  if (At(said, 3) == 3) AddHost(said.substr(5, At(said, 4)), out);
  return client_.size();
}

std::size_t SocksReader::ServerBytes() {
  std::string_view said = server_;
  if (At(said, 0) == 0) return said.size() < 8 ? kMore : 8;  // SOCKS4's reply has version 0
  if (At(said, 0) != 5) return kBroken;
  if (said.size() < 2) return kMore;
  const unsigned method = At(said, 1);
  said.remove_prefix(2);
  if (method == 2) {
    if (said.size() < 2) return kMore;
    said.remove_prefix(2);
  }
  if (said.size() < 5) return kMore;
  const std::size_t address = AddressSize(said.substr(3));
  if (address == kMore || address == kBroken) return address;
  return said.size() < 3 + address ? kMore : server_.size();
}

int ProxyReader::Probe(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToClient) return 0;
  const std::string_view text = AsText(start);
  for (const std::string_view mark : {kProxy1, kProxy2}) {
    if (text.starts_with(mark)) return 1;
    if (mark.starts_with(text)) return -1;
  }
  return 0;
}

void ProxyReader::OnStream(Direction direction, Bytes bytes, Metadata&, Inspection& result) {
  result.proto = AppProto::kUnknown;
  result.state = ReaderState::kNameMayCome;
  consumed_ = 0;
  if (direction == Direction::kToClient) {
    if (!open_) held_.append(AsText(bytes).substr(0, kMostHeld - held_.size()));
    return;
  }
  while (consumed_ < bytes.size() && !open_) {
    if (left_ > 0) {
      const std::size_t n = std::min(left_, bytes.size() - consumed_);
      left_ -= n;
      consumed_ += n;
      open_ = left_ == 0;
      continue;
    }
    head_ += static_cast<char>(bytes[consumed_++]);
    if (head_.front() == kProxy1.front()) {
      open_ = head_.back() == '\n' || head_.size() > kMaxProxy1;
    } else if (head_.size() == 16) {
      left_ = At(head_, 14) << 8 | At(head_, 15);
      open_ = left_ == 0;
    }
  }
  if (open_) head_ = {};
}

std::string ProxyReader::TakeHeld(Direction direction) {
  return direction == Direction::kToClient ? std::exchange(held_, {}) : std::string{};
}

}  // namespace weir
