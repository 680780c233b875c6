#include "signatures/match/value_matcher.h"

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

constexpr int kMaxSteps = 20'000;           // occurrences tried on one value
constexpr std::uint32_t kPcreLimit = 3500;  // Suricata's default match limit

char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::size_t Find(std::string_view text, const ContentTest& content, std::size_t from, std::size_t end) noexcept {
  text = text.substr(0, end);
  if (from > text.size()) return std::string_view::npos;
  if (!content.nocase) return text.find(content.bytes, from);
  const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), content.bytes.begin(),
                                 content.bytes.end(), [](char a, char b) { return Lower(a) == Lower(b); });
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

// Where a content may lie, `cursor` being the end of the match before it.
struct Window {
  std::int64_t from;
  std::int64_t end;
};
Window WindowOf(const ContentTest& c, std::int64_t cursor, std::int64_t size) noexcept {
  const auto length = static_cast<std::int64_t>(c.bytes.size());
  Window w{c.offset.value_or(0), size};
  if (c.depth) w.end = w.from + *c.depth;
  if (c.distance || c.within) {
    w.from = cursor + c.distance.value_or(0);
    if (c.within) w.end = w.from + *c.within;
  }
  if (c.starts) w = {0, length};
  if (c.ends) w.from = std::max(w.from, size - length);
  w.from = std::max<std::int64_t>(w.from, 0);
  w.end = std::clamp<std::int64_t>(w.end, 0, size);
  return w;
}

}  // namespace

struct ValueMatcher::Run {
  const std::vector<ValueTest>& tests;
  const std::vector<PcreCode>& pcre;
  std::string_view value;
  pcre2_match_data* match_data;
  pcre2_match_context* context;
  int steps = kMaxSteps;

  bool From(std::size_t i, std::int64_t cursor) noexcept {
    if (i == tests.size()) return true;
    if (const auto* content = std::get_if<ContentTest>(&tests[i])) return Content(*content, i, cursor);
    if (std::holds_alternative<PcreTest>(tests[i])) return Pcre(std::get<PcreTest>(tests[i]), i, cursor);
    if (const auto* size = std::get_if<SizeTest>(&tests[i])) {
      const bool within = value.size() >= size->least && value.size() <= size->most;
      return within != size->negated && From(i + 1, cursor);
    }
    const auto& data = std::get<DataAtTest>(tests[i]);
    const std::int64_t at = (data.relative ? cursor : 0) + data.at;
    const bool there =
        at >= 0 && at + (data.relative && data.at > 0 ? -1 : 0) < static_cast<std::int64_t>(value.size());
    return there != data.negated && From(i + 1, cursor);
  }

  bool Content(const ContentTest& content, std::size_t i, std::int64_t cursor) noexcept {
    const Window window = WindowOf(content, cursor, static_cast<std::int64_t>(value.size()));
    auto at = static_cast<std::size_t>(window.from);
    const auto end = static_cast<std::size_t>(window.end);
    for (; --steps > 0; ++at) {
      at = Find(value, content, at, end);
      if (content.negated) return at == std::string_view::npos && From(i + 1, cursor);
      if (at == std::string_view::npos) return false;
      if (From(i + 1, static_cast<std::int64_t>(at + content.bytes.size()))) return true;
    }
    return false;
  }

  bool Pcre(const PcreTest& test, std::size_t i, std::int64_t cursor) noexcept {
    const auto start = static_cast<std::size_t>(test.relative ? std::max<std::int64_t>(cursor, 0) : 0);
    const int found = start > value.size()
                          ? PCRE2_ERROR_NOMATCH
                          : pcre2_match(pcre[i].get(), reinterpret_cast<PCRE2_SPTR>(value.data() + start),
                                        value.size() - start, 0, 0, match_data, context);
    if (test.negated) return found == PCRE2_ERROR_NOMATCH && From(i + 1, cursor);
    if (found < 0) return false;
    return From(i + 1, static_cast<std::int64_t>(start + pcre2_get_ovector_pointer(match_data)[1]));
  }
};

ValueMatcher::ValueMatcher()
    : match_data_(pcre2_match_data_create(16, nullptr)), context_(pcre2_match_context_create(nullptr)) {
  pcre2_set_match_limit(context_, kPcreLimit);
  pcre2_set_depth_limit(context_, kPcreLimit);
}

ValueMatcher::~ValueMatcher() {
  pcre2_match_data_free(match_data_);
  pcre2_match_context_free(context_);
}

bool ValueMatcher::Matches(const BufferTests& tests, const std::vector<PcreCode>& pcre,
                           std::string_view value) noexcept {
  if (!tests.transforms.empty()) {
    transformed_.assign(value);
    for (const Transform transform : tests.transforms) {
      switch (transform) {
        case Transform::kDotPrefix:
          transformed_.insert(transformed_.begin(), '.');
          break;
        case Transform::kToLower:
          std::transform(transformed_.begin(), transformed_.end(), transformed_.begin(), Lower);
          break;
        case Transform::kToUpper:
          std::transform(transformed_.begin(), transformed_.end(), transformed_.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
          break;
        case Transform::kStripWhitespace:
          std::erase_if(transformed_, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
          break;
      }
    }
    value = transformed_;
  }
  return Run{tests.tests, pcre, value, match_data_, context_}.From(0, 0);
}

}  // namespace weir
