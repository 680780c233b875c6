// Input: bit 0: the rest is a Certificate message as it is, else one certificate in DER.
// Claims: reading twice says the same; what is added is not more than a fixed multiple of
// what was given; a field stands once, names apart.
#include <set>

#include "classifiers/metadata/certificate.h"
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

std::vector<std::byte> Sized24(Bytes content) {
  std::vector<std::byte> out;
  for (const unsigned shift : {16u, 8u, 0u}) out.push_back(static_cast<std::byte>(content.size() >> shift));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  const bool as_it_is = (input.U8() & 1) != 0;
  const Bytes given = input.Rest();
  const fuzz::Block body(as_it_is ? given : Bytes(fuzz::Sized24(fuzz::Sized24(given))));
  Metadata first;
  Metadata second;
  AddCertificate(body.bytes(), 0, first);
  AddCertificate(body.bytes(), 0, second);
  fuzz::Require(fuzz::FieldsOf(first) == fuzz::FieldsOf(second), "reading twice says the same");
  std::size_t bytes = 0;
  std::set<BufferId> seen;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Metadata::Field& field = first.field(i);
    bytes += field.size;
    if (field.id != BufferId::kTlsSan) fuzz::Require(seen.insert(field.id).second, "a field stands once");
  }
  fuzz::Require(bytes <= 16 * body.size() + 1024, "a certificate does not grow without bound");
  return 0;
}
