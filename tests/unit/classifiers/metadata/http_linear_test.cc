// Work is linear in the bytes, whatever they are: counted as bytes that the readers allocate and copy into what they
// allocate, so that the machine's speed does not matter.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/unit/classifiers/metadata/http2_builder.h"
#include "tests/unit/classifiers/metadata/reading.h"

namespace {
std::size_t allocated_bytes = 0;
}

void* operator new(std::size_t size) {
  allocated_bytes += size;
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace weir {
namespace {

using test::Octets;
using test::StreamReading;
using test::operator+;

Octets Times(std::size_t n, const Octets& unit) {
  Octets out;
  out.reserve(n * unit.size());
  for (std::size_t i = 0; i < n; ++i) out.insert(out.end(), unit.begin(), unit.end());
  return out;
}

std::size_t WorkOf(const Octets& bytes, std::size_t piece) {
  StreamReading r;
  const std::size_t before = allocated_bytes;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::size_t n = std::min(piece, bytes.size() - at);
    r.last = r.inspector.OnStream(Direction::kToServer, Bytes(bytes).subspan(at, n), r.found);
    if (piece < bytes.size() && r.last.tx_complete) r.found.DropBefore(r.last.tx + 1);
  }
  return allocated_bytes - before;
}

struct Shape {
  std::string name;
  Octets start;
  Octets unit;
};

std::vector<Shape> Shapes() {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  return {{"Pipelined", {}, test::Text("GET / HTTP/1.1\n\n")},
          {"Hosts", test::Text("GET / HTTP/1.1\r\n"), test::Text("Host:\r\n x\r\n")},
          {"BareCrs", test::Text("GET / HTTP/1.1\r\n"), test::Text("Host: a\r\r")},
          {"LinesOfBlanks", test::Text("GET / HTTP/1.1\r\n"), test::Text("Host: a\r\n \r\n")},
          {"HostPieces", test::Text("GET / HTTP/1.1\r\nHost: "), test::Text("a,")},
          {"Target", test::Text("FOO "), test::Text("@")},
          {"EmptyLines", {}, test::Text("\r\n")},
          {"Chunks", test::Text(post), test::Text("1\nx\n")},
          {"Connects", {}, test::Text("CONNECT a:1 HTTP/1.1\n\n")},
          {"EmptyFrames", test::ClientStart(), test::Http2Frame(0, 0, 1, {})},
          {"EmptyContinuations", test::ClientStart() + test::Headers(1, {}, 0), test::Http2Frame(9, 0, 1, {})},
          {"EmptyBlocks", test::ClientStart(), test::Headers(2, {})},
          {"Requests", test::ClientStart(), test::Headers(2, test::PlainBlock(test::Get("a")))}};
}

TEST(HttpWork, IsLinearInTheBytes) {
  for (const Shape& shape : Shapes()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1460}, SIZE_MAX}) {
      const std::size_t n = 16'384 / shape.unit.size();
      const std::size_t once = WorkOf(shape.start + Times(n, shape.unit), piece);
      const std::size_t fourfold = WorkOf(shape.start + Times(4 * n, shape.unit), piece);
      EXPECT_LT(fourfold, 8 * once + 100'000) << shape.name << " " << piece;
    }
  }
}

}  // namespace
}  // namespace weir
