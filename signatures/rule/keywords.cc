// The keyword table: one row a keyword. A new keyword is a row here, and a
// ValueTest with its matcher where none fits.
#include <algorithm>
#include <array>
#include <charconv>

#include "signatures/rule/option.h"

namespace weir {

std::string_view TrimBlank(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> SplitList(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.emplace_back(TrimBlank(text.substr(at, end - at)));
    at = end + 1;
  }
  return parts;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

BufferTests& RuleBuilder::Open(BufferId id) {
  buffer = rule.buffers.size();
  rule.buffers.push_back({id, {}, {}});
  return rule.buffers.back();
}
BufferTests& RuleBuilder::Current() { return buffer == SIZE_MAX ? Open(BufferId::kPayload) : rule.buffers[buffer]; }
ContentTest* RuleBuilder::LastContent() {
  if (buffer == SIZE_MAX || rule.buffers[buffer].tests.empty()) return nullptr;
  return std::get_if<ContentTest>(&rule.buffers[buffer].tests.back());
}

namespace {

using Apply = void (*)(const std::string& value, RuleBuilder& b);

// "text" with its quotes off and \" \; \\ \: unescaped; a ! in front is told.
std::string Unquote(std::string_view text, RuleBuilder& b, bool* negated = nullptr) {
  text = TrimBlank(text);
  if (negated != nullptr && !text.empty() && text.front() == '!') {
    *negated = true;
    text = TrimBlank(text.substr(1));
  }
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    b.error = "the value must stand in double quotes";
    return {};
  }
  return std::string(text.substr(1, text.size() - 2));
}

int HexDigit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

// GET |0d 0a| with escapes -> bytes.
std::string ContentBytes(const std::string& text, RuleBuilder& b) {
  std::string bytes;
  bool hex = false;
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '|') {
      if (hex && high >= 0) b.error = "an odd number of hex digits between bars";
      hex = !hex;
      high = -1;
    } else if (hex && c == ' ') {
      continue;
    } else if (hex) {
      const int digit = HexDigit(c);
      if (digit < 0) {
        b.error = std::string("'") + c + "' is no hex digit";
        return {};
      }
      if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
      high = high >= 0 ? -1 : digit;
    } else if (c == '\\' && i + 1 < text.size()) {
      bytes += text[++i];
    } else {
      bytes += c;
    }
  }
  if (hex) b.error = "a bar | is not closed";
  if (bytes.empty() && b.error.empty()) b.error = "the content is empty";
  return bytes;
}

void Content(const std::string& value, RuleBuilder& b) {
  ContentTest content;
  const std::string text = Unquote(value, b, &content.negated);
  if (!b.error.empty()) return;
  content.bytes = ContentBytes(text, b);
  if (b.error.empty()) b.Current().tests.emplace_back(std::move(content));
}

// A modifier of the content before.
template <class Set>
void Modify(RuleBuilder& b, Set set) {
  if (ContentTest* content = b.LastContent()) return set(*content);
  b.error = "this modifies a content, and none stands before it";
}

template <std::optional<std::int64_t> ContentTest::*Member>
void Number(const std::string& value, RuleBuilder& b) {
  const auto number = ParseInteger(value);
  if (!number || *number < -65535 || *number > 65535) {
    b.error = "'" + value + "' is no number in -65535..65535";
    return;
  }
  Modify(b, [&](ContentTest& c) { c.*Member = *number; });
}

template <bool ContentTest::*Member>
void Mark(const std::string&, RuleBuilder& b) {
  Modify(b, [](ContentTest& c) { c.*Member = true; });
}

template <Transform kTransform>
void AddTransform(const std::string&, RuleBuilder& b) {
  BufferTests& tests = b.Current();
  if (!tests.tests.empty()) {
    b.error = "a transform stands before the contents of its buffer";
    return;
  }
  tests.transforms.push_back(kTransform);
}

struct PcreFlag {
  char letter;
  std::uint8_t option;
};
constexpr std::array kPcreFlags = {PcreFlag{'i', kCaseless}, PcreFlag{'m', kMultiline}, PcreFlag{'s', kDotAll},
                                   PcreFlag{'x', kExtended}, PcreFlag{'A', kAnchored},  PcreFlag{'E', kDollarEnd},
                                   PcreFlag{'G', kUngreedy}, PcreFlag{'O', 0},          PcreFlag{'B', 0}};
// Letters that name a buffer, as rules did before sticky buffers.
constexpr std::array kPcreBuffers = {std::pair{'U', BufferId::kHttpUri},    std::pair{'I', BufferId::kHttpUriRaw},
                                     std::pair{'M', BufferId::kHttpMethod}, std::pair{'V', BufferId::kHttpUserAgent},
                                     std::pair{'W', BufferId::kHttpHost},   std::pair{'H', BufferId::kHttpHeader},
                                     std::pair{'S', BufferId::kHttpStatus}};

bool ApplyPcreFlag(char letter, PcreTest& pcre, RuleBuilder& b) {
  for (const PcreFlag& flag : kPcreFlags) {
    if (flag.letter != letter) continue;
    pcre.options |= flag.option;
    return true;
  }
  for (const auto& [named, buffer] : kPcreBuffers) {
    if (named != letter) continue;
    b.Open(buffer);
    return true;
  }
  pcre.relative = pcre.relative || letter == 'R';
  return letter == 'R';
}

// /pattern/flags.
void Pcre(const std::string& value, RuleBuilder& b) {
  PcreTest pcre;
  const std::string text = Unquote(value, b, &pcre.negated);
  if (!b.error.empty()) return;
  const std::size_t end = text.rfind('/');
  if (text.size() < 2 || text.front() != '/' || end == 0) {
    b.error = "a pcre is \"/pattern/flags\"";
    return;
  }
  pcre.pattern = text.substr(1, end - 1);
  for (const char flag : text.substr(end + 1)) {
    if (ApplyPcreFlag(flag, pcre, b)) continue;
    b.error = std::string("unknown pcre flag '") + flag + "'";
    return;
  }
  b.Current().tests.emplace_back(std::move(pcre));
}

// 5, <5, >5, <=5, >=5, !5, 3<>9 (exclusive)
void Size(const std::string& value, RuleBuilder& b) {
  SizeTest size;
  std::string_view text = TrimBlank(value);
  if (const std::size_t between = text.find("<>"); between != std::string_view::npos) {
    const auto low = ParseInteger(TrimBlank(text.substr(0, between)));
    const auto high = ParseInteger(TrimBlank(text.substr(between + 2)));
    if (!low || !high || *low < 0 || *high - *low < 2)
      b.error = "'" + value + "' is no range (low<>high)";
    else
      size = {static_cast<std::uint64_t>(*low) + 1, static_cast<std::uint64_t>(*high) - 1, false};
  } else {
    std::string_view sign = text.substr(0, text.find_first_not_of("<>=!"));
    const auto number = ParseInteger(TrimBlank(text.substr(sign.size())));
    const bool known =
        sign.empty() || sign == "<" || sign == ">" || sign == "<=" || sign == ">=" || sign == "!" || sign == "=";
    if (!number || *number < 0 || !known || (sign == "<" && *number == 0)) {
      b.error = "'" + value + "' is no size (5, <5, >5, 3<>9)";
      return;
    }
    const auto n = static_cast<std::uint64_t>(*number);
    size.negated = sign == "!";
    size.least = sign == ">" ? n + 1 : sign.starts_with('<') ? 0 : n;
    size.most = sign == "<" ? n - 1 : sign.starts_with('>') ? UINT64_MAX : n;
  }
  if (b.error.empty()) b.Current().tests.emplace_back(size);
}

void PayloadSize(const std::string& value, RuleBuilder& b) {
  const std::size_t open = b.buffer;
  b.Open(BufferId::kPayload);
  Size(value, b);
  b.buffer = open;
}

void IsDataAt(const std::string& value, RuleBuilder& b) {
  DataAtTest test;
  for (std::string part : SplitList(value, ',')) {
    if (!part.empty() && part.front() == '!') {
      test.negated = true;
      part.erase(0, 1);
    }
    if (part == "relative") {
      test.relative = true;
    } else if (part != "rawbytes") {
      const auto number = ParseInteger(part);
      if (!number) b.error = "'" + value + "' is no isdataat (like !1,relative)";
      test.at = number.value_or(0);
    }
  }
  if (b.error.empty()) b.Current().tests.emplace_back(test);
}

void Flow(const std::string& value, RuleBuilder& b) {
  for (const std::string& part : SplitList(value, ',')) {
    if (part == "to_server" || part == "from_client")
      b.rule.flow.direction = Direction::kToServer;
    else if (part == "to_client" || part == "from_server")
      b.rule.flow.direction = Direction::kToClient;
    else if (part == "established")
      b.rule.flow.established = true;
    else if (part == "not_established")
      b.rule.flow.established = false;
    else if (part != "stateless" && part != "only_stream" && part != "no_stream" && part != "no_frag")
      b.error = "unknown flow option '" + part + "'";
  }
}

template <class Set>
void Positive(const std::string& value, RuleBuilder& b, Set set) {
  const auto number = ParseInteger(value);
  if (!number || *number < 1 || *number > 0xffffffff)
    b.error = "'" + value + "' is no number in 1..4294967295";
  else
    set(static_cast<std::uint32_t>(*number));
}

void Priority(const std::string& value, RuleBuilder& b) {
  const auto number = ParseInteger(value);
  if (!number || *number < 1 || *number > 255)
    b.error = "'" + value + "' is no priority (1..255)";
  else
    b.rule.priority = static_cast<std::uint8_t>(*number);
}

void AddMetadata(const std::string& value, RuleBuilder& b) {
  for (const std::string& part : SplitList(value, ',')) {
    const std::size_t blank = part.find_first_of(" \t");
    b.rule.metadata.emplace_back(part.substr(0, blank),
                                 blank == std::string::npos ? "" : std::string(TrimBlank(part.substr(blank))));
  }
}

void Ignore(const std::string&, RuleBuilder&) {}

struct Keyword {
  std::string_view name;
  bool wants_value;
  Apply apply;
};
constexpr std::array kKeywords = {
    Keyword{"msg", true, [](const std::string& v, RuleBuilder& b) { b.rule.message = ContentBytes(Unquote(v, b), b); }},
    Keyword{
        "sid", true,
        [](const std::string& v, RuleBuilder& b) { Positive(v, b, [&](std::uint32_t n) { b.rule.sid = RuleId{n}; }); }},
    Keyword{"rev", true,
            [](const std::string& v, RuleBuilder& b) { Positive(v, b, [&](std::uint32_t n) { b.rule.rev = n; }); }},
    Keyword{"gid", true,
            [](const std::string& v, RuleBuilder& b) { Positive(v, b, [&](std::uint32_t n) { b.rule.gid = n; }); }},
    Keyword{"classtype", true, [](const std::string& v, RuleBuilder& b) { b.rule.class_name = v; }},
    Keyword{"priority", true, Priority},
    Keyword{"reference", true, Ignore},
    Keyword{"target", true, Ignore},
    Keyword{"metadata", true, AddMetadata},
    Keyword{"noalert", false, [](const std::string&, RuleBuilder& b) { b.rule.noalert = true; }},
    Keyword{"flow", true, Flow},
    Keyword{"content", true, Content},
    Keyword{"nocase", false, Mark<&ContentTest::nocase>},
    Keyword{"startswith", false, Mark<&ContentTest::starts>},
    Keyword{"endswith", false, Mark<&ContentTest::ends>},
    Keyword{"fast_pattern", false, Mark<&ContentTest::fast_pattern>},
    Keyword{"rawbytes", false, Ignore},
    Keyword{"offset", true, Number<&ContentTest::offset>},
    Keyword{"depth", true, Number<&ContentTest::depth>},
    Keyword{"distance", true, Number<&ContentTest::distance>},
    Keyword{"within", true, Number<&ContentTest::within>},
    Keyword{"isdataat", true, IsDataAt},
    Keyword{"bsize", true, Size},
    Keyword{"dsize", true, PayloadSize},
    Keyword{"pcre", true, Pcre},
    Keyword{"dotprefix", false, AddTransform<Transform::kDotPrefix>},
    Keyword{"to_lowercase", false, AddTransform<Transform::kToLower>},
    Keyword{"to_uppercase", false, AddTransform<Transform::kToUpper>},
    Keyword{"strip_whitespace", false, AddTransform<Transform::kStripWhitespace>},
    Keyword{"pkt_data", false, [](const std::string&, RuleBuilder& b) { b.Open(BufferId::kPayload); }},
};

// Sticky buffers by their other names; tls.sni itself is the buffer's own name.
struct Alias {
  std::string_view name;
  BufferId buffer;
};
constexpr std::array kAliases = {
    Alias{"tls_sni", BufferId::kTlsSni},
    Alias{"tls_cert_subject", BufferId::kTlsSubject},
    Alias{"tls_cert_issuer", BufferId::kTlsIssuer},
    Alias{"tls_cert_serial", BufferId::kTlsSerial},
    Alias{"tls_cert_fingerprint", BufferId::kTlsFingerprint},
    Alias{"dns_query", BufferId::kDnsQuery},
    Alias{"dns.query.name", BufferId::kDnsQuery},
    Alias{"ja3_hash", BufferId::kJa3},
    Alias{"ja3_string", BufferId::kJa3String},
    Alias{"http.uri", BufferId::kHttpUri},
};

std::optional<BufferId> FindBuffer(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (alias.name == name) return alias.buffer;
  }
  // kPayload's own name is no keyword.
  const auto found = std::find(kBufferNames.begin() + 1, kBufferNames.end(), name);
  if (found == kBufferNames.end()) return {};
  return static_cast<BufferId>(found - kBufferNames.begin());
}

}  // namespace

bool ApplyOption(const Option& option, RuleBuilder& builder) {
  const auto keyword =
      std::find_if(kKeywords.begin(), kKeywords.end(), [&](const Keyword& k) { return k.name == option.keyword; });
  if (keyword != kKeywords.end()) {
    const bool optional = option.keyword == "fast_pattern";
    if (keyword->wants_value != option.has_value && !optional) {
      builder.error = "'" + option.keyword + (keyword->wants_value ? "' needs a value" : "' takes no value");
    } else {
      keyword->apply(option.value, builder);
    }
    return true;
  }
  const auto buffer = FindBuffer(option.keyword);
  if (!buffer) return false;
  if (option.has_value) {
    builder.error = "'" + option.keyword + "' takes no value";
  } else {
    builder.Open(*buffer);
  }
  return true;
}

}  // namespace weir
