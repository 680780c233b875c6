#include "perf/wire/talks.h"

#include <fstream>

#include "perf/peers/handshakes.h"

namespace weir::perf {

std::optional<Talks> ReadTalks(const std::string& path) {
  Talks talks;
  std::ifstream names(path);
  for (std::string name; std::getline(names, name);) {
    const auto number = static_cast<std::uint32_t>(talks.size());
    const auto talk = MakeTalk(TlsVersion::k13, name, number / 2);  // the shape of hello goes by this seed
    if (!talk) return std::nullopt;
    talks.push_back(TlsConnectionOf(number % 2 == 1, *talk, 1));
  }
  if (talks.size() % 2 == 1) talks.pop_back();
  if (talks.empty()) return std::nullopt;
  return talks;
}

}  // namespace weir::perf
