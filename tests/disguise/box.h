#pragma once
#include <memory>
#include <vector>

#include "dataplane/pipeline/worker.h"
#include "tests/disguise/disguise.h"

namespace weir::disguise {

// The rules that the disguises are judged by: blocked.example and what is below it, by SNI and Host.
extern const char* const kRules;
inline constexpr std::string_view kBlocked = "blocked.example";
inline constexpr std::string_view kAllowed = "allowed.example";  // of one length with kBlocked

// A worker between a client and a server.
class Box {
 public:
  Box();
  struct Passage {
    std::vector<Octets> left;          // the frames that left, in order
    std::vector<std::size_t> numbers;  // ... which of the input's they are
    std::vector<std::pair<std::size_t, DropReason>> dropped;
    bool ambiguous = false;  // the exception of that name fired
  };
  // Sends the frames one by one through a fresh worker.
  [[nodiscard]] Passage Send(const std::vector<Frame>& frames) const;

 private:
  std::shared_ptr<const Generation> generation_;
};

// What went wrong with a blocked or an innocent conversation; empty: nothing.
struct Finding {
  bool counts = false;  // some host would have read the name of what came in
  std::string wrong;
};
[[nodiscard]] Finding JudgeBlocked(const Box& box, const Conversation& conversation);
[[nodiscard]] Finding JudgeInnocent(const Box& box, const Conversation& conversation);

}  // namespace weir::disguise
