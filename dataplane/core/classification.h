#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dataplane/core/ids.h"
#include "dataplane/core/inline_text.h"

namespace weir {

enum class Category : std::uint8_t { kNone, kMessaging, kCloudStorage, kWebmail, kCollaboration, kEvasion, kOther };
inline constexpr std::array<std::string_view, 7> kCategoryNames = {
    "", "messaging", "cloud-storage", "webmail", "collaboration", "evasion", "other"};
constexpr std::string_view Name(Category c) noexcept { return kCategoryNames[static_cast<std::size_t>(c)]; }

// Ordered: a higher value is more certain.
enum class Confidence : std::uint8_t { kNone, kGuess, kProbable, kCertain };
inline constexpr std::array<std::string_view, 4> kConfidenceNames = {"", "guess", "probable", "certain"};
constexpr std::string_view Name(Confidence c) noexcept { return kConfidenceNames[static_cast<std::size_t>(c)]; }

// Who said so. Ordered by rank (design.md s4): a higher value wins.
enum class Source : std::uint8_t { kNone, kAddress, kDns, kNdpi, kMetadata, kSignature };
inline constexpr std::array<std::string_view, 6> kSourceNames = {"", "address", "dns", "ndpi", "metadata", "signature"};
constexpr std::string_view Name(Source s) noexcept { return kSourceNames[static_cast<std::size_t>(s)]; }

// What a flow is, and why we say so. `app` 0 means: not known.
struct Classification {
  AppId app{};
  Category category = Category::kNone;
  Confidence confidence = Confidence::kNone;
  Source source = Source::kNone;
  RuleId sid{};              // of the signature, 0 where source is another
  InlineText<300> evidence;  // "tls.sni web.whatsapp.com"

  [[nodiscard]] bool known() const noexcept { return app.value() != 0; }
};
static_assert(std::is_trivially_copyable_v<Classification>);

}  // namespace weir
