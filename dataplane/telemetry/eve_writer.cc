#include "dataplane/telemetry/eve_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "classifiers/metadata/fingerprint.h"
#include "dataplane/telemetry/eve_format.h"

namespace weir {
namespace {

constexpr std::size_t kFlushBytes = 256 * 1024;

// In the place of the shape that the worker left (docs/decisions/014). Their texts are this thread's until the next
// call.
void MakeFingerprints(std::vector<DecodedField>& fields) {
  const auto shape =
      std::ranges::find_if(fields, [](const DecodedField& field) { return field.id == BufferId::kHelloShape; });
  if (shape == fields.end()) return;
  const ClientFingerprints made = FingerprintsOf(shape->value);
  const Direction direction = shape->direction;
  fields.erase(shape);
  if (made.ja4.empty()) return;
  fields.push_back({BufferId::kJa3String, direction, {}, made.ja3_text});
  fields.push_back({BufferId::kJa3, direction, {}, made.ja3});
  fields.push_back({BufferId::kJa4, direction, {}, made.ja4});
}

}  // namespace

struct EveWriter::State {
  EveOptions options;
  std::vector<EventRing*> rings;
  std::function<WorkerCounters()> snapshot;
  int fd = -1;
  JsonBuffer buffer;
  std::uint64_t buffered_lines = 0;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> lost{0};
  std::string first_error;
  std::atomic<bool> stop{false};
  std::thread thread;
  std::vector<DecodedField> fields;

  void Run();
  bool DrainOnce();
  void Format(const std::byte* record);
  void Flush();
  [[nodiscard]] std::uint64_t LostAll() const {
    std::uint64_t sum = lost;
    for (const EventRing* ring : rings) sum += ring->lost();
    return sum;
  }
};

EveWriter::EveWriter() : state_(std::make_unique<State>()) {}

EveWriter::~EveWriter() {
  if (state_->thread.joinable()) (void)Stop(Timestamp{});
}

Result<std::unique_ptr<EveWriter>> EveWriter::Start(const EveOptions& options, std::vector<EventRing*> rings,
                                                    std::function<WorkerCounters()> snapshot) {
  std::unique_ptr<EveWriter> made(new EveWriter());
  State& s = *made->state_;
  s.options = options;
  s.rings = std::move(rings);
  s.snapshot = std::move(snapshot);
  s.fd = open(options.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (options.append ? O_APPEND : O_TRUNC), 0640);
  if (s.fd < 0) return Fail(Errc::kIo, options.path + ": " + std::strerror(errno));
  s.thread = std::thread([&s] { s.Run(); });
  pthread_setname_np(s.thread.native_handle(), "eve");
  return made;
}

void EveWriter::State::Run() {
  using Clock = std::chrono::steady_clock;
  const auto interval = std::chrono::milliseconds(options.stats_interval_ms);
  auto next_stats = Clock::now() + interval;
  for (;;) {
    const bool stopping = stop.load(std::memory_order_acquire);
    const bool worked = DrainOnce();
    if (options.stats_interval_ms != 0 && Clock::now() >= next_stats) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      FormatStats({std::chrono::duration_cast<std::chrono::microseconds>(now).count()}, snapshot(), LostAll(), buffer);
      ++buffered_lines;
      next_stats += interval;
    }
    if (worked) continue;
    Flush();
    if (stopping) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool EveWriter::State::DrainOnce() {
  bool worked = false;
  for (EventRing* ring : rings) {
    while (const std::byte* record = ring->state().Front()) {
      Format(record);
      ring->state().Pop();
      worked = true;
      if (buffer.size() >= kFlushBytes) Flush();
    }
  }
  return worked;
}

void EveWriter::State::Format(const std::byte* record) {
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  switch (header.type) {
    case EventType::kPad:
      return;
    case EventType::kFlow:
      FormatEve(Decode<FlowEvent>(record, fields), buffer);
      break;
    case EventType::kDrop:
      FormatEve(Decode<DropEvent>(record, fields), buffer);
      break;
    case EventType::kException:
      FormatEve(Decode<ExceptionEvent>(record, fields), buffer);
      break;
    case EventType::kAlert: {
      const AlertEvent event = Decode<AlertEvent>(record, fields);
      FormatEve(event, fields, buffer);
      break;
    }
    case EventType::kProtocol: {
      const ProtocolEvent event = Decode<ProtocolEvent>(record, fields);
      MakeFingerprints(fields);
      FormatEve(event, fields, buffer);
      break;
    }
  }
  ++buffered_lines;
}

void EveWriter::State::Flush() {
  const char* at = buffer.data();
  std::size_t left = buffer.size();
  while (left > 0) {
    const ssize_t n = write(fd, at, left);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (first_error.empty()) first_error = options.path + ": " + std::strerror(errno);
      lost += buffered_lines;
      buffered_lines = 0;
      break;
    }
    at += n;
    left -= static_cast<std::size_t>(n);
  }
  written += buffered_lines;
  buffered_lines = 0;
  buffer.clear();
}

Result<void> EveWriter::Stop(Timestamp now) {
  State& s = *state_;
  s.stop.store(true, std::memory_order_release);
  s.thread.join();
  FormatStats(now, s.snapshot(), s.LostAll(), s.buffer);
  ++s.buffered_lines;
  s.Flush();
  if (close(s.fd) != 0 && s.first_error.empty()) s.first_error = s.options.path + ": " + std::strerror(errno);
  if (!s.first_error.empty())
    return Fail(Errc::kIo, s.first_error + " (" + std::to_string(s.lost.load()) + " events lost)");
  return {};
}

std::uint64_t EveWriter::written() const noexcept { return state_->written; }
std::uint64_t EveWriter::lost() const noexcept { return state_->LostAll(); }

}  // namespace weir
