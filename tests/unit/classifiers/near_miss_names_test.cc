// A million host names that look like those of the knowledge, against a second matcher that shares no code with the
// first.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "classifiers/fusion.h"

namespace weir {
namespace {

constexpr int kNames = 1'000'000;
using Random = std::mt19937_64;

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

std::string Join(const std::vector<std::string>& labels) {
  std::string name;
  for (const std::string& label : labels) name += (name.empty() ? "" : ".") + label;
  return name;
}

// The rows of facts/*.tsv that label by a name, read anew: app and pattern.
struct Row {
  std::string app, pattern;
};

std::vector<Row> ShippedNames(const std::string& folder) {
  std::vector<Row> rows;
  for (const char* file : {"messaging", "collaboration", "cloud-storage", "webmail", "evasion"}) {
    std::ifstream in(folder + "/facts/" + file + ".tsv");
    for (std::string line; std::getline(in, line);) {
      const auto fields = Split(line, '\t');
      if (line[0] != '#' && fields.size() >= 5 && fields[1] == "name" && fields[3] != "support")
        rows.push_back({fields[0], fields[2]});
    }
  }
  return rows;
}

// Names as a tree of labels from the right. What a row means is told by docs, not by classifiers/knowledge.cc: a row
// without a leading dot before a pattern for the first label, before the longest row with a leading dot.
class Tree {
 public:
  explicit Tree(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const bool below = row.pattern[0] == '.';
      auto labels = Split(below ? row.pattern.substr(1) : row.pattern, '.');
      std::string first;
      if (labels[0].find_first_of("*#") != std::string::npos) {
        first = labels[0];
        labels.erase(labels.begin());
      }
      Node* node = &root_;
      for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        auto& next = node->children[*label];
        if (!next) next = std::make_unique<Node>();
        node = next.get();
      }
      if (!first.empty()) {
        std::string text;
        for (const char c : first) text += c == '#' ? "[0-9]+" : c == '*' ? ".*" : std::string(1, c);
        node->patterns.emplace_back(std::regex(text), &row);
      } else {
        (below ? node->below : node->exact) = &row;
      }
    }
  }

  [[nodiscard]] const Row* Find(std::string host) const {
    for (char& c : host) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (!host.empty() && host.back() == '.') host.pop_back();
    const auto labels = Split(host, '.');
    const Node* node = &root_;
    const Row* suffix = nullptr;
    for (std::size_t left = labels.size(); left > 0; --left) {
      if (left == 1) {
        for (const auto& [pattern, row] : node->patterns) {
          if (node->children.contains(labels[0]) && node->children.at(labels[0])->exact != nullptr) break;
          if (std::regex_match(labels[0], pattern)) return row;
        }
      }
      const auto child = node->children.find(labels[left - 1]);
      if (child == node->children.end()) return suffix;
      node = child->second.get();
      if (node->below != nullptr) suffix = node->below;
    }
    return node->exact != nullptr ? node->exact : suffix;
  }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>> children;
    std::vector<std::pair<std::regex, const Row*>> patterns;
    const Row* exact = nullptr;
    const Row* below = nullptr;
  };
  Node root_;
};

std::size_t Below(Random& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

std::string Word(Random& random) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string word(1 + Below(random, 8), ' ');
  for (char& c : word) c = kLetters[Below(random, kLetters.size())];
  return word;
}

// A name that the pattern means.
std::vector<std::string> Meant(const std::string& pattern, Random& random) {
  std::string name;
  if (pattern[0] == '.' && random() % 2 == 0) name = Word(random) + (random() % 3 == 0 ? "." + Word(random) : "");
  for (std::size_t i = name.empty() && pattern[0] == '.' ? 1 : 0; i < pattern.size(); ++i) {
    if (pattern[i] == '#') {
      name += std::to_string(Below(random, 1000));
    } else if (pattern[i] == '*') {
      name += Word(random);
    } else {
      name += pattern[i];
    }
  }
  return Split(name, '.');
}

void Glue(std::vector<std::string>& labels, Random& random) {
  std::string& label = labels[Below(random, labels.size())];
  const std::string word = Word(random);
  label = random() % 2 == 0 ? word + label : label + word;
}

void Insert(std::vector<std::string>& labels, Random& random) {
  labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(Below(random, labels.size() + 1)), Word(random));
}

// Letters that look like others: digits, pairs of letters, Cyrillic as it is and as a hello carries it.
void Homoglyph(std::vector<std::string>& labels, Random& random) {
  static const std::array<std::pair<std::string, std::string>, 11> kAlike = {{{"o", "0"},
                                                                              {"l", "1"},
                                                                              {"i", "l"},
                                                                              {"m", "rn"},
                                                                              {"w", "vv"},
                                                                              {"d", "cl"},
                                                                              {"s", "5"},
                                                                              {"a", "\xd0\xb0"},
                                                                              {"e", "\xd0\xb5"},
                                                                              {"c", "\xd1\x81"},
                                                                              {"k", "\xe2\x84\xaa"}}};
  std::string& label = labels[Below(random, labels.size())];
  if (random() % 8 == 0) {
    label = "xn--" + label + "-" + Word(random);
    return;
  }
  const std::size_t first = Below(random, kAlike.size());
  for (std::size_t i = 0; i < kAlike.size(); ++i) {
    const auto& [from, to] = kAlike[(first + i) % kAlike.size()];
    if (const std::size_t at = label.find(from); at != std::string::npos) {
      label.replace(at, from.size(), to);
      return;
    }
  }
}

void OtherTld(std::vector<std::string>& labels, Random& random) {
  constexpr std::array<const char*, 10> kTlds = {"com",   "net",     "org", "cn",  "ru",
                                                 "co.uk", "example", "io",  "zip", "c0m"};
  const std::string tld = kTlds[Below(random, kTlds.size())];
  if (random() % 2 == 0) labels.pop_back();  // else another's domain follows
  if (random() % 4 == 0) labels.push_back(Word(random));
  labels.push_back(tld);
}

// A dot becomes a dash, nothing, or two; a letter goes.
void Misspell(std::vector<std::string>& labels, Random& random) {
  std::string name = Join(labels);
  const std::size_t at = Below(random, name.size());
  const std::size_t dot = name.find('.', at);
  if (dot == std::string::npos || random() % 3 == 0) {
    name.erase(at, 1);
  } else {
    name.replace(dot, 1, std::array<const char*, 3>{"-", "", ".."}[Below(random, 3)]);
  }
  labels = Split(name, '.');
}

std::string NearMiss(const Row& row, Random& random) {
  auto labels = Meant(row.pattern, random);
  constexpr std::array kChanges = {Glue, Insert, Homoglyph, OtherTld, Misspell};
  for (std::uint64_t left = random() % 16 == 0 ? 0 : 1 + random() % 2; left > 0 && !labels.empty(); --left)
    kChanges[Below(random, kChanges.size())](labels, random);
  std::string name = Join(labels);
  if (random() % 4 == 0) {
    for (char& c : name) c = c >= 'a' && c <= 'z' && random() % 2 == 0 ? static_cast<char>(c & ~0x20) : c;
  }
  if (random() % 8 == 0) name += '.';
  return name;
}

TEST(NearMissNames, AMillionOfThemAreLabelledAsASecondMatcherSays) {
  const std::string folder = std::string(std::getenv("WEIR_SOURCE")) + "/signatures/data";
  AppRegistry apps;
  const auto knowledge = Knowledge::Load(folder, apps);
  ASSERT_TRUE(knowledge) << knowledge.error().what;
  const std::vector<Row> rows = ShippedNames(folder);
  ASSERT_GT(rows.size(), 500U);
  const Tree tree(rows);
  Random random(20261125);
  int labelled = 0, wrong = 0;
  for (int i = 0; i < kNames; ++i) {
    const std::string name = NearMiss(rows[Below(random, rows.size())], random);
    const Row* const wanted = tree.Find(name);
    const auto found = (*knowledge)->FindName(name);
    labelled += wanted != nullptr;
    if (found.known() == (wanted != nullptr) && (wanted == nullptr || found.pattern == wanted->pattern)) continue;
    if (++wrong <= 10)
      ADD_FAILURE() << name << ": '" << found.pattern << "' for '" << (wanted ? wanted->pattern : "") << "'";
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(labelled, kNames / 10) << "a test that names nothing shows nothing";
  EXPECT_LT(labelled, kNames * 6 / 10) << "most must be near misses";
}

// The second matcher is judged by hand: what both get wrong in the same way is not seen above.
TEST(NearMissNames, TheSecondMatcherKnowsBoundaries) {
  const std::vector<Row> rows = {
      {"Chat", ".chat.example"}, {"Docs", "docs.chat.example"}, {"Disk", "p#-x.big.example"}};
  const Tree tree(rows);
  const auto app = [&](const char* name) { return tree.Find(name) == nullptr ? "" : tree.Find(name)->app; };
  EXPECT_EQ(app("a.Chat.example."), "Chat");
  EXPECT_EQ(app("docs.chat.example"), "Docs");
  EXPECT_EQ(app("x.docs.chat.example"), "Chat");
  EXPECT_EQ(app("p12-x.big.example"), "Disk");
  for (const char* none : {"", ".", "notchat.example", "chat.example.net", "chat-example", "p-x.big.example",
                           "a.p1-x.big.example", "big.example", "example", "chat.examp1e", "chat..example"}) {
    EXPECT_EQ(app(none), "") << none;
  }
}

}  // namespace
}  // namespace weir
