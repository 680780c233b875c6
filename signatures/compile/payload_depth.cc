#include "signatures/compile/payload_depth.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace weir {
namespace {

// Nothing: anywhere.
std::optional<std::uint64_t> DepthOf(const ContentTest& content) {
  const std::uint64_t length = content.bytes.size();
  if (content.ends || content.distance || content.within) return std::nullopt;
  if (content.starts) return length;
  if (!content.depth) return std::nullopt;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, content.offset.value_or(0) + *content.depth));
}

// A pattern that PCRE2 found to be anchored and Hyperscan to have a widest match, with the byte behind it, which \b may
// look at.
std::optional<std::uint64_t> DepthOf(const PcreTest& test, const pcre2_code* code) {
  std::uint32_t options = 0;
  pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
  const bool plain = (test.options & (kMultiline | kExtended)) == 0 && test.pattern.find('\0') == std::string::npos;
  if (test.relative || !plain || (options & PCRE2_ANCHORED) == 0) return std::nullopt;
  const unsigned flags =
      ((test.options & kCaseless) != 0 ? HS_FLAG_CASELESS : 0u) | ((test.options & kDotAll) != 0 ? HS_FLAG_DOTALL : 0u);
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(test.pattern.c_str(), flags, &info, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return std::nullopt;
  }
  const unsigned width = info->matches_at_eod != 0 ? UINT32_MAX : info->max_width;
  std::free(info);  // hs_expression_info's own allocator is malloc unless one is set
  if (width == UINT32_MAX) return std::nullopt;
  return std::uint64_t{width} + 1;
}

std::optional<std::uint64_t> DepthOf(const CompiledRule& compiled, std::size_t b, std::size_t i) {
  const ValueTest& test = compiled.rule.buffers[b].tests[i];
  if (const auto* content = std::get_if<ContentTest>(&test)) return DepthOf(*content);
  if (const auto* pcre = std::get_if<PcreTest>(&test)) return DepthOf(*pcre, compiled.pcre[b][i].get());
  return std::nullopt;
}

// Bytes without which what the test denies cannot stand there; 0 of a test that denies nothing.
std::uint64_t LeastOf(const CompiledRule& compiled, std::size_t b, std::size_t i) {
  const ValueTest& test = compiled.rule.buffers[b].tests[i];
  if (const auto* content = std::get_if<ContentTest>(&test); content != nullptr && content->negated) {
    const std::int64_t offset = content->starts ? 0 : std::max<std::int64_t>(0, content->offset.value_or(0));
    return static_cast<std::uint64_t>(offset) + content->bytes.size();
  }
  if (const auto* pcre = std::get_if<PcreTest>(&test); pcre != nullptr && pcre->negated) {
    std::uint32_t least = 0;
    pcre2_pattern_info(compiled.pcre[b][i].get(), PCRE2_INFO_MINLENGTH, &least);
    return least;
  }
  return 0;
}

}  // namespace

std::uint32_t PayloadDepth(const CompiledRule& compiled) {
  std::uint64_t deepest = 1;
  for (std::size_t b = 0; b < compiled.rule.buffers.size(); ++b) {
    const BufferTests& tests = compiled.rule.buffers[b];
    if (!tests.transforms.empty()) return UINT32_MAX;  // which may make it shorter
    for (std::size_t i = 0; i < tests.tests.size(); ++i) {
      const auto depth = DepthOf(compiled, b, i);
      if (!depth) return UINT32_MAX;
      deepest = std::max(deepest, *depth);
    }
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(deepest, UINT32_MAX));
}

std::uint32_t LeastStream(const CompiledRule& compiled) {
  std::uint64_t least = 0;
  for (std::size_t b = 0; b < compiled.rule.buffers.size(); ++b) {
    for (std::size_t i = 0; i < compiled.rule.buffers[b].tests.size(); ++i)
      least = std::max(least, LeastOf(compiled, b, i));
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(least, kStreamDepth));
}

}  // namespace weir
