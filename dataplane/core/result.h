#pragma once
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace weir {

// Why a control-time operation failed. The packet path never uses these: it
// reports a DropReason or a reader status, each of which is also a counter.
enum class Errc : std::uint8_t {
  kInvalidArgument,  // the input is wrong: command line, YAML, rule text -> exit code 2
  kNotFound,         // no such file, flow, generation, instance          -> exit code 4
  kCorrupt,          // a file is damaged: capture, bundle                 -> exit code 1
  kUntrusted,        // not signed, expired, older than the active one     -> exit code 3
  kExhausted,        // a limit or memory ran out                          -> exit code 1
  kIo,               // the operating system refused                      -> exit code 1
  kUnsupported,      // known but not built in                             -> exit code 2
};

struct Error {
  Errc code;
  std::string what;  // one sentence, lower case, no newline: what failed and on which input
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> Fail(Errc code, std::string what) { return tl::unexpected(Error{code, std::move(what)}); }

}  // namespace weir
