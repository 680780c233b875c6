#include "classifiers/metadata/http_framing.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::uint64_t kMostChunk = std::uint64_t{1} << 59;
constexpr std::uint64_t kAgreedChunk = 0x7fffffff;  // beyond, implementations wrap, refuse or read on
constexpr std::size_t kAgreedDigits = 18;           // of a Content-Length

constexpr char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool IsBlank(char c) noexcept { return c == ' ' || c == '\t'; }

// Takes the next element off a comma-separated list.
std::string_view NextOf(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

}  // namespace

bool EqualsNoCase(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view TrimBlanks(std::string_view text) noexcept {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ListHas(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    if (EqualsNoCase(TrimBlanks(NextOf(list)), token)) return true;
  }
  return false;
}

void BodyFraming::OnField(std::string_view name, std::string_view value, bool odd_form) noexcept {
  const bool is_length = EqualsNoCase(name, "content-length");
  const bool is_coding = EqualsNoCase(name, "transfer-encoding");
  if (is_length) OnLength(value);
  if (is_coding) OnCoding(value);
  ambiguous_ = ambiguous_ || ((is_length || is_coding) && odd_form);
}

void BodyFraming::OnLength(std::string_view value) noexcept {
  const bool digits = !value.empty() && value.size() <= kAgreedDigits &&
                      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  std::uint64_t number = 0;
  for (const char c : TrimBlanks(value).substr(0, kAgreedDigits)) {
    if (c < '0' || c > '9') break;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  ambiguous_ = ambiguous_ || !digits || (length_ && *length_ != number);
  if (!length_) length_ = number;
}

void BodyFraming::OnCoding(std::string_view value) noexcept {
  constexpr std::string_view kChunked = "chunked";
  constexpr std::string_view kKnown[] = {"gzip", "x-gzip", "deflate", "compress", "x-compress"};
  ambiguous_ = ambiguous_ || coded_;  // several fields make a list that not everybody joins
  coded_ = true;
  chunked_ = chunked_ || std::search(value.begin(), value.end(), kChunked.begin(), kChunked.end(),
                                     [](char x, char y) { return Lower(x) == y; }) != value.end();
  while (!value.empty()) {
    std::string_view coding = NextOf(value);
    while (!coding.empty() && IsBlank(coding.front())) coding.remove_prefix(1);
    while (!coding.empty() && IsBlank(coding.back())) coding.remove_suffix(1);
    const bool last = value.empty();
    const bool known = std::any_of(std::begin(kKnown), std::end(kKnown),
                                   [&](std::string_view name) { return EqualsNoCase(coding, name); });
    ambiguous_ = ambiguous_ || (last ? !EqualsNoCase(coding, kChunked) : !known);
  }
  ambiguous_ = ambiguous_ || !chunked_;
}

std::size_t ChunkedBody::Take(Bytes bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size() && !done()) {
    if (phase_ != Phase::kData) {
      OnByte(static_cast<char>(bytes[at++]));
      continue;
    }
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size() - at, left_));
    left_ -= n;
    at += n;
    if (left_ == 0) phase_ = Phase::kDataEnd;
  }
  return at;
}

void ChunkedBody::OnByte(char c) noexcept {
  if (c == '\n') return OnLineEnd();
  ambiguous_ = ambiguous_ || after_cr_;  // a CR that ended no line
  after_cr_ = c == '\r';
  if (after_cr_) return;
  if (phase_ == Phase::kDataEnd) {
    ambiguous_ = true;
    phase_ = Phase::kSize;
  }
  anything_ = true;
  OnSizeByte(c);
}

void ChunkedBody::OnSizeByte(char c) noexcept {
  if (phase_ == Phase::kExtension) {
    const auto u = static_cast<unsigned char>(c);
    ambiguous_ = ambiguous_ || (u < 0x20 && c != '\t') || u == 0x7f;
    return;
  }
  const int digit = c >= '0' && c <= '9' ? c - '0' : Lower(c) >= 'a' && Lower(c) <= 'f' ? Lower(c) - 'a' + 10 : -1;
  if (phase_ == Phase::kSize && digit >= 0) {
    digits_ = true;
    // Any number of leading zeros is a number.
    left_ = std::min(left_ * 16 + static_cast<unsigned>(digit), kMostChunk);
    ambiguous_ = ambiguous_ || left_ > kAgreedChunk;
  } else if (IsBlank(c)) {
    ambiguous_ = ambiguous_ || !digits_;
    if (digits_) phase_ = Phase::kAfterSize;
  } else {
    ambiguous_ = ambiguous_ || c != ';' || !digits_;
    phase_ = Phase::kExtension;
  }
}

void ChunkedBody::OnLineEnd() noexcept {
  ambiguous_ = ambiguous_ || !after_cr_;
  after_cr_ = false;
  if (phase_ == Phase::kDataEnd) {
    phase_ = Phase::kSize;
    return;
  }
  ambiguous_ = ambiguous_ || !digits_;
  if (anything_) phase_ = left_ == 0 ? Phase::kDone : Phase::kData;
  digits_ = anything_ = false;
}

}  // namespace weir
