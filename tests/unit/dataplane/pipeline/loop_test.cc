#include "dataplane/pipeline/loop.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir {
namespace {

TEST(GenerationMail, BringsTheNewestOnceAndThenNothing) {
  GenerationMail mail;
  EXPECT_EQ(mail.Take(), nullptr);
  for (std::uint32_t number : {1u, 2u, 3u}) {
    auto generation = std::make_shared<Generation>();
    generation->number = number;
    mail.Send(generation);
  }
  const auto taken = mail.Take();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->number, 3u);
  EXPECT_EQ(mail.Take(), nullptr);
}

TEST(GenerationMail, LosesAndKeepsNothingBetweenThreads) {
  std::weak_ptr<const Generation> first;
  {
    GenerationMail mail;
    std::uint32_t last = 0;
    std::thread sender([&] {
      for (std::uint32_t number = 1; number <= 2000; ++number) {
        auto generation = std::make_shared<Generation>();
        generation->number = number;
        if (number == 1) first = generation;
        mail.Send(generation);
      }
    });
    while (last < 2000) {
      if (const auto taken = mail.Take()) {
        EXPECT_GT(taken->number, last);
        last = taken->number;
      }
    }
    sender.join();
    mail.Send(std::make_shared<Generation>());  // never taken
  }
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace weir
