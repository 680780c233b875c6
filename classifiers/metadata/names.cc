#include "classifiers/metadata/names.h"

#include <algorithm>

namespace weir {
namespace {

bool IsPort(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string NormaliseHost(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  const bool bracketed = name.find(']') != std::string_view::npos;
  const bool one_colon =
      colon != std::string_view::npos && (bracketed ? name[colon - 1] == ']' : name.find(':') == colon);
  if (colon != 0 && one_colon && IsPort(name.substr(colon + 1))) name = name.substr(0, colon);
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace weir
