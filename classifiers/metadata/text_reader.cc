#include "classifiers/metadata/text_reader.h"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

struct Dialect {
  AppProto proto;
  char end;               // of a line, or of a tag
  std::string_view hint;  // a word of the greeting, where several have the same
  std::array<std::string_view, 2> greetings;
  std::array<std::string_view, 7> commands;  // a client's first
};
constexpr std::array kDialects = {
    Dialect{AppProto::kXmpp, '>', "", {"<?xml", "<stream:"}, {"<?xml", "<stream:"}},
    Dialect{AppProto::kFtp, '\n', "ftp", {"220 ", "220-"}, {"FEAT", "AUTH TLS", "AUTH SSL"}},
    Dialect{AppProto::kSmtp, '\n', "", {"220 ", "220-"}, {"EHLO ", "HELO ", "LHLO ", "STARTTLS"}},
    Dialect{AppProto::kImap,
            '\n',
            "",
            {"* OK", "* PREAUTH"},
            {"* CAPABILITY", "* STARTTLS", "* LOGIN ", "* NOOP", "* ID ", "* AUTHENTICATE "}},
    Dialect{AppProto::kPop3, '\n', "", {"+OK", "+OK"}, {"CAPA", "STLS", "APOP "}},
    Dialect{AppProto::kNntp, '\n', "", {"200 ", "201 "}, {"CAPABILITIES", "MODE READER"}},
    Dialect{AppProto::kSieve, '\n', "", {"\"IMPLEMENTATION\"", "\"SIEVE\""}, {}},
    Dialect{AppProto::kIrc, '\n', "", {":", "NOTICE "}, {"CAP LS", "NICK ", "CAP REQ"}},
};
// After DATA, POST, IHAVE the server says whether it takes a text up to a lone dot.
struct MessageCommand {
  std::string_view word, reply;
};
constexpr std::array kMessageCommands = {MessageCommand{"DATA", "354"}, MessageCommand{"POST", "340"},
                                         MessageCommand{"IHAVE", "335"}};
constexpr std::array<std::string_view, 4> kSwitchWords = {"STARTTLS", "STLS", "AUTH", "XTLS"};

char Upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool Same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Upper(x) == Upper(y); });
}
bool Begins(std::string_view text, std::string_view with) noexcept {
  return text.size() >= with.size() && Same(text.substr(0, with.size()), with);
}
bool Contains(std::string_view text, std::string_view word) noexcept {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char x, char y) { return Upper(x) == Upper(y); }) != text.end();
}

std::string_view TakeWord(std::string_view& text) noexcept {
  const std::size_t start = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  text.remove_prefix(start);
  const std::size_t size = std::min(text.find_first_of(" \t\r\n"), text.size());
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

// Is `text` the tag <name ...> or <prefix:name ...>?
bool IsTag(std::string_view text, std::string_view name) noexcept {
  const std::size_t open = text.rfind('<');
  if (open == std::string_view::npos) return false;
  text.remove_prefix(open + 1);
  text = text.substr(0, text.find_first_of(" \t\r\n/>"));
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) text.remove_prefix(colon + 1);
  return text == name;
}

// "... {123+}" at the end of a line: its octets; 0 where there is none.
std::uint64_t LiteralOf(std::string_view line, bool& at_once) noexcept {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos || line.back() != '}') return 0;
  std::uint64_t octets = 0;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data() + open + 1, end, octets);
  at_once = error == std::errc{} && rest != end && *rest == '+';
  return error == std::errc{} ? octets : 0;
}

// Of a line that is too long the middle goes.
void Keep(std::string& line, char c) {
  constexpr std::size_t kTail = 64;
  line += c;
  if (line.size() <= TextReader::kMaxLine) return;
  line.erase(TextReader::kMaxLine / 2, line.size() - TextReader::kMaxLine / 2 - kTail);
}

// Anywhere in the line: a server with a shorter one than the client's reads what is
// left of it as the next (Postfix, line_length_limit).
bool AsksForTls(std::string_view line) noexcept {
  return std::any_of(kSwitchWords.begin(), kSwitchWords.end(),
                     [line](std::string_view word) { return Contains(line, word); });
}

bool IsTaggedOk(std::string_view line, std::string_view tags) {
  const std::string_view tag = TakeWord(line);
  return Same(TakeWord(line), "OK") && tags.find(" " + std::string(tag) + " ") != std::string_view::npos;
}

// `pattern` may begin with "* ": any one word, as IMAP's tag.
bool Fits(std::string_view text, std::string_view pattern) noexcept {
  if (pattern.empty()) return false;
  if (!pattern.starts_with("* ")) return Begins(text, pattern);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0 || space > 32) return false;
  const std::string_view tag = text.substr(0, space);
  return std::all_of(tag.begin(), tag.end(), [](char c) { return c > ' ' && c <= '~'; }) &&
         Begins(text.substr(space + 1), pattern.substr(2));
}

}  // namespace

int TextReader::Probe(Direction direction, Bytes start) noexcept {
  std::string_view text = AsText(start);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  const bool whole = text.find('\n') != std::string_view::npos;
  const std::string_view line = text.substr(0, text.find('\n'));  // what follows may come in another piece
  const bool client = direction == Direction::kToServer;
  bool perhaps = text.empty() || (client && !whole && text.size() <= 64 && text.front() >= ' ' && text.front() <= '~');
  int index = 0;
  for (const Dialect& dialect : kDialects) {
    ++index;
    if (client) {
      for (const std::string_view command : dialect.commands) {
        if (Fits(text, command)) return index;
      }
      continue;
    }
    for (const std::string_view greeting : dialect.greetings) {
      const bool fits = Begins(text, greeting);
      const bool waits = !whole && dialect.end == '\n';
      perhaps = perhaps || (fits && waits) || Begins(greeting, text);
      if (!fits || waits) continue;
      if (dialect.proto == AppProto::kIrc && !Contains(line, "NOTICE")) continue;
      if (dialect.hint.empty() || Contains(line, dialect.hint)) return index;
    }
  }
  return perhaps && start.size() <= kMaxLine ? -1 : 0;
}

TextReader::TextReader(const ReaderLimits& limits, int dialect)
    : limits_(&limits), dialect_(dialect - 1), hunt_(limits) {
  // A ManageSieve server always takes {n+} (RFC 5804 s4).
  literals_ = kDialects[static_cast<std::size_t>(dialect_)].proto == AppProto::kSieve;
}

void TextReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  if (!spent_ && !hunt_.over()) {
    if (direction == Direction::kToServer) {
      OnClient(bytes, out, result);
    } else {
      OnServer(bytes, out, result);
    }
  }
  if (!spent_ && !hunt_.found() && command_bytes_ > limits_->text_bytes) {
    result.events |= Bit(ReaderEvent::kTextBudget);
    spent_ = true;
    lines_ = {};
  }
  result.proto = hunt_.found() ? AppProto::kTls : kDialects[static_cast<std::size_t>(dialect_)].proto;
  result.state = spent_ || hunt_.over() ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

void TextReader::OnClient(Bytes bytes, Metadata& out, Inspection& result) {
  const char end = kDialects[static_cast<std::size_t>(dialect_)].end;
  std::string& line = lines_[Index(Direction::kToServer)];
  std::size_t told = 0;  // of `bytes`, to the hunt
  const auto tell = [&](std::size_t to) {
    if (asked_) hunt_.OnClient(bytes.subspan(told, to - told), mode_ == Mode::kCommand, out, result);
    told = to;
  };
  for (std::size_t i = 0; i < bytes.size() && !switched_;) {
    if (mode_ == Mode::kLiteral) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, bytes.size() - i));
      literal_left_ -= n;
      i += n;
      tell(i);
      if (literal_left_ == 0) mode_ = Mode::kCommand;
      continue;
    }
    const char c = static_cast<char>(bytes[i++]);
    if (mode_ == Mode::kMessage) {
      if (const Mode before = mode_; TakeMessageByte(c), mode_ != before) {
        mode_ = before;
        tell(i);
        mode_ = Mode::kCommand;
      }
      continue;
    }
    ++command_bytes_;
    if (c == '<' && end == '>') line.clear();
    if (line.size() == kMaxLine) asked_ = asked_ || (end == '\n' && AsksForTls(line));
    Keep(line, c);
    if (c != end) continue;
    tell(i);
    OnClientLine(line);
    line.clear();
  }
  if (switched_) command_bytes_ += bytes.size();
  tell(bytes.size());
}

// The dot alone in a line; a bare LF will do, as many servers have it.
void TextReader::TakeMessageByte(char c) noexcept {
  if (c == '\n') {
    if (dots_ == 2) mode_ = Mode::kCommand;
    dots_ = 1;
  } else if (c == '.' && dots_ == 1) {
    dots_ = 2;
  } else if (!(c == '\r' && dots_ == 2)) {
    dots_ = 0;
  }
}

void TextReader::OnClientLine(std::string_view line) {
  if (kDialects[static_cast<std::size_t>(dialect_)].end == '>') {
    asked_ = asked_ || IsTag(line, "starttls");
    return;
  }
  std::string_view rest = line;
  const std::string_view first = TakeWord(rest);
  const std::string_view second = TakeWord(rest);
  OnCommand(first, second, line);
}

void TextReader::OnCommand(std::string_view first, std::string_view second, std::string_view line) {
  if (AsksForTls(line)) {
    asked_ = true;
    if (tags_.size() < 256) tags_.append(" ").append(first.substr(0, 64)).append(" ");
  }
  for (const MessageCommand& command : kMessageCommands) {
    if (Same(first, command.word)) message_reply_ = command.reply;
  }
  std::uint64_t octets = 0;
  if (Same(first, "BDAT") && chunking_) {
    (void)std::from_chars(second.data(), second.data() + second.size(), octets);
  } else {
    bool at_once = false;
    const std::uint64_t literal = LiteralOf(line, at_once);
    if (at_once && literals_) octets = literal;
    literal_offered_ = at_once ? 0 : literal;
  }
  if (octets == 0) return;
  mode_ = Mode::kLiteral;
  literal_left_ = octets;
}

void TextReader::OnServer(Bytes bytes, Metadata& out, Inspection& result) {
  const char end = kDialects[static_cast<std::size_t>(dialect_)].end;
  std::string& line = lines_[Index(Direction::kToClient)];
  for (std::size_t i = 0; i < bytes.size() && !switched_; ++i) {
    const char c = static_cast<char>(bytes[i]);
    Keep(line, c);
    if (c != end) continue;
    OnServerLine(line);
    line.clear();
  }
  if (asked_) hunt_.OnServer(bytes, out, result);
}

void TextReader::OnServerLine(std::string_view line) {
  chunking_ = chunking_ || Contains(line, "CHUNKING");
  literals_ = literals_ || Contains(line, "LITERAL+") || Contains(line, "LITERAL-");
  // The server speaks again: it has the whole text.
  if (mode_ == Mode::kMessage) mode_ = Mode::kCommand;
  if (!message_reply_.empty() && line.starts_with(message_reply_)) {
    mode_ = Mode::kMessage;
    dots_ = 1;
    message_reply_ = {};
    lines_[Index(Direction::kToServer)].clear();
  } else if (literal_offered_ > 0 && line.starts_with("+") && mode_ == Mode::kCommand) {
    mode_ = Mode::kLiteral;
    literal_left_ = literal_offered_;
    literal_offered_ = 0;
  }
  if (GoesAhead(line)) {
    asked_ = true;  // also where we took the request for message text
    switched_ = true;
    mode_ = Mode::kCommand;
    lines_ = {};
  }
}

// Does the server say that TLS follows? Where its words do not tell (POP3's +OK,
// ManageSieve's OK), nothing but commands may come before TLS anyway.
bool TextReader::GoesAhead(std::string_view line) {
  switch (kDialects[static_cast<std::size_t>(dialect_)].proto) {
    case AppProto::kXmpp:
      return IsTag(line, "proceed");
    case AppProto::kImap:
      return IsTaggedOk(line, tags_);
    case AppProto::kSmtp:
    case AppProto::kFtp:
      if (line.starts_with("234")) return true;
      return line.starts_with("220 ") && (greeted_++ > 0 || asked_);
    case AppProto::kNntp:
      return line.starts_with("382");
    default:
      return false;
  }
}

}  // namespace weir
