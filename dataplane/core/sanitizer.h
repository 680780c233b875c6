#pragma once

namespace weir {

// Is this a build with AddressSanitizer (meson -Dsanitize=true, -Dfuzz=true)? Pools then give
// each object a heap block of its own, so that what is read past one, or after its release, is
// seen.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace weir
