// The shipped tables: names, addresses, nDPI's protocol names.
#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <unordered_map>

#include "classifiers/fusion.h"
#include "classifiers/metadata/names.h"
#include "dataplane/core/prefix.h"

namespace weir {
namespace {

struct Entry {
  AppId app{};
  Confidence confidence = Confidence::kNone;
  std::string pattern;
};

// Finds a string_view without making a string of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
using ByText = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

// Prefixes of one IP version, the longest first, masked addresses within.
struct Prefixes {
  std::map<int, std::map<IpAddress, Entry>, std::greater<>> by_length;
};

IpAddress Masked(IpAddress address, int length) noexcept {
  for (int i = 0; i < 16; ++i) {
    const int keep = std::clamp(length - 8 * i, 0, 8);
    address.octets[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> keep);
  }
  return address;
}

}  // namespace

struct Knowledge::Tables {
  ByText exact;  // "web.example.com"
  ByText below;  // "example.com": it and what is below
  std::set<std::string, std::less<>> excluded;
  std::array<Prefixes, 2> prefixes;  // v4, v6
  ByText ndpi;
};

Knowledge::Knowledge() : tables_(std::make_unique<Tables>()) {}
Knowledge::~Knowledge() = default;
std::shared_ptr<const Knowledge> Knowledge::Empty() { return std::shared_ptr<const Knowledge>(new Knowledge()); }

namespace {

// Reads tab-separated rows; collects defects as FILE:LINE:COLUMN: what.
class TableReader {
 public:
  TableReader(const std::string& folder, const char* file, std::string& defects)
      : path_(folder + "/" + file), in_(path_), defects_(&defects) {
    if (!in_) Defect(0, "cannot be read");
  }
  // False at the end. Rows with another number of fields are defects and skipped.
  bool Next(std::vector<std::string>& fields, std::size_t count) {
    for (std::string line; std::getline(in_, line);) {
      ++line_;
      if (line.empty() || line[0] == '#') continue;
      fields.clear();
      std::istringstream parts(line);
      for (std::string field; std::getline(parts, field, '\t');) fields.push_back(field);
      if (fields.size() == count) return true;
      Defect(0, std::to_string(fields.size()) + " fields (must be " + std::to_string(count) + ", separated by tabs)");
    }
    return false;
  }
  void Defect(std::size_t field, const std::string& what) {
    *defects_ += path_ + ":" + std::to_string(line_) + ":" + std::to_string(field + 1) + ": " + what + "\n";
  }

 private:
  std::string path_;
  std::ifstream in_;
  std::string* defects_;
  int line_ = 0;
};

bool ReadEntry(TableReader& reader, const std::vector<std::string>& row, const AppRegistry& apps, Entry& entry) {
  entry = {apps.Find(row[0]), ConfidenceFromName(row[2]), row[1]};
  if (entry.app == AppId{}) reader.Defect(0, "unknown app '" + row[0] + "' (apps.tsv names the apps)");
  if (entry.confidence == Confidence::kNone)
    reader.Defect(row[0].size() + row[1].size() + 2, "'" + row[2] + "' is no confidence (guess, probable, certain)");
  return entry.app != AppId{} && entry.confidence != Confidence::kNone;
}

}  // namespace

Result<std::shared_ptr<const Knowledge>> Knowledge::Load(const std::string& folder, AppRegistry& apps) {
  std::shared_ptr<Knowledge> made(new Knowledge());
  auto tables = std::make_unique<Tables>();
  std::string defects;
  std::vector<std::string> row;
  for (TableReader in(folder, "apps.tsv", defects); in.Next(row, 2);) {
    if (const auto added = apps.Add(row[0], CategoryFromName(row[1])); !added) in.Defect(0, added.error().what);
  }
  for (TableReader in(folder, "exclude.tsv", defects); in.Next(row, 1);) {
    tables->excluded.insert(NormaliseHost(row[0].front() == '.' ? row[0].substr(1) : row[0]));
  }
  Entry entry;
  for (TableReader in(folder, "names.tsv", defects); in.Next(row, 3);) {
    if (!ReadEntry(in, row, apps, entry)) continue;
    const bool suffix = row[1].front() == '.';
    const std::string name = NormaliseHost(suffix ? row[1].substr(1) : row[1]);
    if (suffix && tables->excluded.contains(name))
      in.Defect(row[0].size() + 1, "'" + row[1] + "' must never be labelled as a whole (exclude.tsv)");
    if (!(suffix ? tables->below : tables->exact).try_emplace(name, entry).second)
      in.Defect(row[0].size() + 1, "'" + row[1] + "' stands twice");
  }
  for (TableReader in(folder, "addresses.tsv", defects); in.Next(row, 3);) {
    if (!ReadEntry(in, row, apps, entry)) continue;
    const auto prefix = Prefix::Parse(row[1]);
    if (!prefix) {
      in.Defect(row[0].size() + 1, "'" + row[1] + "' is no prefix (like 192.0.2.0/24)");
      continue;
    }
    auto& same_length = tables->prefixes[prefix->ip_version == 6 ? 1 : 0].by_length[prefix->length];
    if (!same_length.try_emplace(Masked(prefix->address, prefix->length), entry).second)
      in.Defect(row[0].size() + 1, "'" + row[1] + "' stands twice");
  }
  for (TableReader in(folder, "ndpi.tsv", defects); in.Next(row, 3);) {
    std::swap(row[0], row[1]);  // its first column is nDPI's name
    if (ReadEntry(in, row, apps, entry)) tables->ndpi[row[1]] = entry;
  }
  if (!defects.empty()) {
    defects.pop_back();
    return Fail(Errc::kInvalidArgument, defects);
  }
  made->tables_ = std::move(tables);
  return made;
}

Knowledge::Fact Knowledge::FindName(std::string_view host) const noexcept {
  constexpr std::size_t kMaxName = 255;
  if (host.empty() || host.size() > kMaxName) return {};
  std::array<char, kMaxName> lower;
  std::transform(host.begin(), host.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  std::string_view name(lower.data(), host.size());
  if (name.back() == '.') name.remove_suffix(1);
  const auto fact = [](const Entry& e) { return Fact{e.app, e.confidence, e.pattern}; };
  if (const auto found = tables_->exact.find(name); found != tables_->exact.end()) return fact(found->second);
  while (!name.empty()) {
    if (const auto found = tables_->below.find(name); found != tables_->below.end()) return fact(found->second);
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return {};
}

Knowledge::Fact Knowledge::FindAddress(const IpAddress& address, std::uint8_t ip_version) const noexcept {
  for (const auto& [length, entries] : tables_->prefixes[ip_version == 6 ? 1 : 0].by_length) {
    const auto found = entries.find(Masked(address, length));
    if (found != entries.end()) return {found->second.app, found->second.confidence, found->second.pattern};
  }
  return {};
}

Knowledge::Fact Knowledge::FindNdpi(std::string_view protocol) const noexcept {
  const auto found = tables_->ndpi.find(protocol);
  return found == tables_->ndpi.end() ? Fact{}
                                      : Fact{found->second.app, found->second.confidence, found->second.pattern};
}

}  // namespace weir
