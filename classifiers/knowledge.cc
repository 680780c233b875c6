// The shipped tables: names, addresses, nDPI's protocol names.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unordered_map>

#include "classifiers/address_table.h"
#include "classifiers/fusion.h"
#include "classifiers/metadata/names.h"
#include "classifiers/name_table.h"
#include "dataplane/core/prefix.h"

namespace weir {
namespace {

using Entry = FactEntry;

// Finds a string_view without making a string of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
using ByText = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

Knowledge::Fact FactOf(const Entry* entry) noexcept {
  return entry == nullptr ? Knowledge::Fact{} : Knowledge::Fact{entry->app, entry->confidence, entry->pattern};
}

// A copy in lower case without a trailing dot; empty for what is no name.
class LowerName {
 public:
  explicit LowerName(std::string_view host) noexcept {
    if (host.size() > text_.size()) return;
    std::transform(host.begin(), host.end(), text_.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    size_ = host.size();
    if (size_ > 0 && text_[size_ - 1] == '.') --size_;
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 255> text_;
  std::size_t size_ = 0;
};

}  // namespace

struct Knowledge::Tables {
  NameTable names;
  NameTable support;
  std::vector<Entry> issuers;
  std::vector<Entry> subjects;
  std::set<std::string, std::less<>> excluded;
  AddressTable addresses;
  ByText ndpi;
};

Knowledge::Knowledge() : tables_(std::make_unique<Tables>()) {}
Knowledge::~Knowledge() = default;
std::shared_ptr<const Knowledge> Knowledge::Empty() { return std::shared_ptr<const Knowledge>(new Knowledge()); }

// Reads tab-separated rows; collects defects as FILE:LINE:COLUMN: what.
class Knowledge::TableReader {
 public:
  TableReader(const std::string& folder, const std::string& file, std::string& defects)
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
      if (line.back() == '\t') fields.emplace_back();
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

namespace {

// Where field `field` begins.
std::size_t ColumnOf(const std::vector<std::string>& row, std::size_t field) {
  std::size_t at = field;
  for (std::size_t i = 0; i < field; ++i) at += row[i].size();
  return at;
}

template <class Reader>
bool ReadEntry(Reader& reader, const std::vector<std::string>& row, std::size_t confidence, const AppRegistry& apps,
               Entry& entry) {
  entry = {apps.Find(row[0]), ConfidenceFromName(row[confidence]), row[confidence - 1]};
  if (entry.app == AppId{}) reader.Defect(0, "unknown app '" + row[0] + "' (apps.tsv names the apps)");
  if (entry.confidence == Confidence::kNone)
    reader.Defect(ColumnOf(row, confidence),
                  "'" + row[confidence] + "' is no confidence (guess, probable, certain; of a name also support)");
  return entry.app != AppId{} && entry.confidence != Confidence::kNone;
}

}  // namespace

// One row of facts/*.tsv: app, kind, pattern, confidence, source, note.
void Knowledge::ReadFact(TableReader& in, std::vector<std::string>& row, const AppRegistry& apps, Tables& tables) {
  constexpr std::array<std::string_view, 5> kOnRecord = {"regex", "asn", "certificate", "payload", "note"};
  const std::string kind = row[1];
  const std::string& pattern = row[2];
  const bool support = row[3] == "support";
  if (support) row[3] = "guess";
  Entry entry;
  if (!ReadEntry(in, row, 3, apps, entry)) return;
  const auto defect = [&](const std::string& what) { in.Defect(ColumnOf(row, 2), "'" + pattern + "' " + what); };
  if (row[4].empty()) return in.Defect(ColumnOf(row, 4), "a fact needs a source");
  if (pattern.empty()) return defect("is no pattern");
  if (kind == "name") {
    const bool suffix = pattern.front() == '.';
    if (!support && suffix && tables.excluded.contains(NormaliseHost(pattern.substr(1))))
      defect("must never be labelled as a whole (exclude.tsv)");
    if (!(support ? tables.support : tables.names).Add(entry))
      defect("stands twice, or its '*' or '#' is not in its first label");
  } else if (kind == "address") {
    const auto prefix = Prefix::Parse(pattern);
    if (!prefix) return defect("is no prefix (like 192.0.2.0/24)");
    if (support) return;  // of a network that others use too: on record
    if (!tables.addresses.Add(*prefix, entry)) defect("stands twice");
  } else if (kind == "issuer" || kind == "subject") {
    (kind == "issuer" ? tables.issuers : tables.subjects).push_back(entry);
  } else if (std::find(kOnRecord.begin(), kOnRecord.end(), kind) == kOnRecord.end()) {
    in.Defect(ColumnOf(row, 1), "'" + kind + "' is no kind of fact");
  }
}

namespace {

// facts/*.tsv in the order of their names.
std::vector<std::string> FactFiles(const std::string& folder, std::string& defects) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/facts", error)) {
    if (entry.path().extension() == ".tsv") files.push_back("facts/" + entry.path().filename().string());
  }
  if (files.empty()) defects += folder + "/facts:0:1: no tables of facts (*.tsv) are here\n";
  std::sort(files.begin(), files.end());
  return files;
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
  for (const std::string& file : FactFiles(folder, defects)) {
    for (TableReader in(folder, file, defects); in.Next(row, 6);) ReadFact(in, row, apps, *tables);
  }
  Entry entry;
  for (TableReader in(folder, "ndpi.tsv", defects); in.Next(row, 3);) {
    std::swap(row[0], row[1]);  // its first column is nDPI's name
    if (ReadEntry(in, row, 2, apps, entry)) tables->ndpi[row[1]] = entry;
  }
  if (!defects.empty()) {
    defects.pop_back();
    return Fail(Errc::kInvalidArgument, defects);
  }
  tables->names.Raise(apps);
  tables->addresses.Seal();
  made->tables_ = std::move(tables);
  return made;
}

Knowledge::Fact Knowledge::FindName(std::string_view host) const noexcept {
  return FactOf(tables_->names.Find(LowerName(host).view()));
}

Knowledge::Fact Knowledge::FindSupport(std::string_view host) const noexcept {
  return FactOf(tables_->support.Find(LowerName(host).view()));
}

namespace {

// "C=US, O=Example" has the element "O=Example"; a pattern is an element's beginning.
Knowledge::Fact FindElement(const std::vector<Entry>& entries, std::string_view name) noexcept {
  for (const Entry& entry : entries) {
    for (std::size_t at = name.find(entry.pattern); at != std::string_view::npos;
         at = name.find(entry.pattern, at + 1)) {
      if (at == 0 || (at >= 2 && name.substr(at - 2, 2) == ", ")) return FactOf(&entry);
    }
  }
  return {};
}

}  // namespace

Knowledge::Fact Knowledge::FindIssuer(std::string_view name) const noexcept {
  return FindElement(tables_->issuers, name);
}
Knowledge::Fact Knowledge::FindSubject(std::string_view name) const noexcept {
  return FindElement(tables_->subjects, name);
}

Knowledge::Fact Knowledge::FindAddress(const IpAddress& address, std::uint8_t ip_version) const noexcept {
  return FactOf(tables_->addresses.Find(address, ip_version));
}

Knowledge::Fact Knowledge::FindNdpi(std::string_view protocol) const noexcept {
  const auto found = tables_->ndpi.find(protocol);
  return FactOf(found == tables_->ndpi.end() ? nullptr : &found->second);
}

}  // namespace weir
