#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/app_registry.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/flow_view.h"
#include "dataplane/core/result.h"

namespace weir {

// The tables that ship beside the rules: which names and addresses belong to
// which app. Immutable after Load, for any thread.
//
// Text format, one fact a line, tab-separated, '#' begins a comment:
//   apps.tsv              app, category
//   facts/CATEGORY.tsv    app, kind, pattern, confidence, source, note
//   ndpi.tsv              nDPI protocol name, app, confidence
//   exclude.tsv           suffix: names never labelled as a whole by a shorter suffix
// Kinds of facts:
//   name      "web.example.com" itself; ".example.com" it and below; "p#-x.example.com", "*-x.example.com" with
//             digits and anything in its first label
//   address   a prefix
//   issuer, subject   the beginning of an element of a certificate's names ("O=Example")
//   regex, asn, certificate, payload, note   on record: told by another row, by payload.rules, or not used
// Confidence `support`: shared with others; never labels alone. Kept for a second voice: nothing asks for it yet.
class Knowledge {
 public:
  struct Fact {
    AppId app{};
    Confidence confidence = Confidence::kNone;
    std::string_view pattern;  // the row's own text
    [[nodiscard]] bool known() const noexcept { return app.value() != 0; }
  };

  // Reads the files of `folder`; adds the apps to `apps`. Every defect comes
  // back in one Error as lines of FILE:LINE:COLUMN: what.
  static Result<std::shared_ptr<const Knowledge>> Load(const std::string& folder, AppRegistry& apps);
  static std::shared_ptr<const Knowledge> Empty();
  ~Knowledge();

  // The name itself, a pattern or the longest suffix on label boundaries; case-insensitive, one trailing dot stripped.
  [[nodiscard]] Fact FindName(std::string_view host) const noexcept;
  [[nodiscard]] Fact FindSupport(std::string_view host) const noexcept;
  // By a certificate's issuer or subject as AddCertificate writes it ("C=US, O=Example, CN=*.example.com").
  [[nodiscard]] Fact FindIssuer(std::string_view name) const noexcept;
  [[nodiscard]] Fact FindSubject(std::string_view name) const noexcept;
  [[nodiscard]] Fact FindAddress(const IpAddress& address, std::uint8_t ip_version) const noexcept;
  [[nodiscard]] Fact FindNdpi(std::string_view protocol) const noexcept;

 private:
  Knowledge();
  struct Tables;
  class TableReader;
  static void ReadFact(TableReader& in, std::vector<std::string>& row, const AppRegistry& apps, Tables& tables);
  std::unique_ptr<const Tables> tables_;
};

// Ranks the voices on one flow (design.md s4): a higher source wins; within one
// source the higher confidence; a label once given by an equal or higher voice stays.
// Returns true if `current` became `candidate`.
bool Fuse(Classification& current, const Classification& candidate) noexcept;

}  // namespace weir
