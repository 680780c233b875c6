// Seeded random combinations of all families: blocked names are caught, their innocent twins are not stopped.
//   WEIR_DISGUISES=10000 [WEIR_DISGUISE_SEED=1]   how many, and the first seed
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/disguise/box.h"

namespace weir::disguise {
namespace {

std::uint32_t FromEnvironment(const char* name, std::uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

TEST(RandomDisguises, AreCaughtAndTheirInnocentTwinsAreNotStopped) {
  const std::uint32_t count = FromEnvironment("WEIR_DISGUISES", 2000);
  const std::uint32_t first = FromEnvironment("WEIR_DISGUISE_SEED", 1);
  const Box box;
  std::uint32_t caught = 0, idle = 0, stopped = 0, contradictory = 0, strict = 0;
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    const Disguise disguise = Draw(seed);
    const Finding blocked = JudgeBlocked(box, Play(disguise, kBlocked));
    EXPECT_EQ(blocked.wrong, "") << "seed " << seed << ": " << disguise.name;
    idle += blocked.counts ? 0 : 1;
    if (!blocked.counts && std::getenv("WEIR_DISGUISE_IDLE") != nullptr)
      std::printf("idle %u: %s\n", seed, disguise.name.c_str());
    caught += blocked.wrong.empty() ? 1 : 0;
    const Conversation twin = Play(disguise, kAllowed);
    const Finding innocent = JudgeInnocent(box, twin);
    EXPECT_EQ(innocent.wrong, "") << "seed " << seed << ": innocent " << disguise.name;
    stopped += innocent.wrong.empty() ? 0 : 1;
    contradictory += twin.readable ? 0 : 1;
    strict += twin.strict() ? 1 : 0;
  }
  std::printf("%u random disguises: %u caught; %u innocent twins: %u stopped\n", count, caught, count, stopped);
  std::printf("  %u no host would have read; of the twins %u contradict themselves, %u must leave without a change\n",
              idle, contradictory, strict);
  EXPECT_LT(idle, count / 20) << "combinations that hide the name from everybody show nothing";
  EXPECT_LT(contradictory, count / 2);
}

}  // namespace
}  // namespace weir::disguise
