// Which families a seed combines, and what the combination is called.
#include <array>

#include "tests/disguise/disguise.h"

namespace weir::disguise {
namespace {

constexpr std::array kCarriers = {"tls12", "tls13", "http", "connect", "quic1", "quic2"};
constexpr std::array kOpens = {"",          "split-open",      "two-syns",        "two-syns-first",
                               "fast-open", "syn-data-resent", "syn-data-decoy",  "early-data",
                               "midstream", "one-sided",       "reuse-after-fin", "reuse-silent"};
constexpr std::array kOrders = {"", "reverse", "shuffled", "first-last", "neighbours"};
constexpr std::array kConflictNames = {"", "decoy-first", "decoy-after", "rewrite"};
constexpr std::array<std::string_view, kDecoyKinds> kDecoyNames = {
    "bad-sum",     "low-ttl",    "beyond-window", "left-of-window", "old-stamp", "bad-ack",      "md5",
    "no-flags",    "fin-no-ack", "rst-bad-sum",   "rst-low-ttl",    "rst-wrong", "rst-right",    "fin-bad-sum",
    "fin-low-ttl", "fin-wrong",  "fin-right",     "reserved",       "urgent",    "urgent-extra", "zero-window",
    "keep-alive",  "syn-inside", "syn-far",       "ack-ahead"};
constexpr std::array kFragmentDecoys = {
    "", "frag-duplicate", "frag-other-proto", "frag-other-host", "frag-overlap", "frag-conflict"};
constexpr std::array kTunnels_ = {"", "gre", "vxlan", "ipip"};
constexpr std::array kPreludes = {"", "ccs-first", "warning-first", "hello-request-first", "empty-record-first"};

class Name {
 public:
  explicit Name(std::string_view first) : text_(first) {}
  void Add(std::string_view part, std::size_t number = SIZE_MAX) {
    if (part.empty()) return;
    text_ += "+" + std::string(part) + (number == SIZE_MAX ? "" : std::to_string(number));
  }
  void AddIf(bool yes, std::string_view part) { Add(yes ? part : ""); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

template <class T, std::size_t N>
T OneOf(Random& random, const std::array<T, N>& from) {
  return from[Below(random, N)];
}

void DrawHello(CarrierShape& c, Random& random) {
  c.carrier = static_cast<Carrier>(Below(random, kCarriers.size()));
  c.upper = Chance(random, 20);
  c.dot = Chance(random, 15);
  c.subdomain = Chance(random, 30);
  c.grease = Chance(random, 30);
  c.second = !IsQuic(c.carrier) && Chance(random, 20);
  if (Chance(random, 25)) c.padding = OneOf(random, std::array<std::size_t, 5>{100, 1500, 5000, 15'000, 60'000});
  if (IsQuic(c.carrier)) c.padding = std::min<std::size_t>(c.padding, 5000);
  if (Chance(random, 40)) c.record = OneOf(random, std::array<std::size_t, 7>{1, 2, 5, 8, 33, 100, 700});
  const bool tls = c.carrier == Carrier::kTls12 || c.carrier == Carrier::kTls13;
  if (tls && Chance(random, 15)) c.prelude = static_cast<Prelude>(1 + Below(random, 4));
  if (Chance(random, 50)) c.crypto = static_cast<Order>(Below(random, 5));
  c.junk_first = Chance(random, 20);
}

void DrawTcp(TcpShape& t, unsigned families, Random& random) {
  if ((families & kSegments) != 0) {
    if (Chance(random, 75)) t.segment = OneOf(random, std::array<std::size_t, 9>{1, 2, 3, 7, 16, 50, 120, 400, 1000});
    if (Chance(random, 60)) t.order = static_cast<Order>(Below(random, 5));
    if (Chance(random, 30)) t.duplicates = static_cast<unsigned>(5 + Below(random, 60));
    if (Chance(random, 25)) t.overlap = 1 + Below(random, 40);
    if (Chance(random, 40)) t.batches = static_cast<unsigned>(2 + Below(random, 3));
    t.wrap = Chance(random, 20);
    t.stamps = Chance(random, 40);
    t.scale = Chance(random, 40);
  }
  if ((families & kHandshakes) != 0 && Chance(random, 45)) t.open = static_cast<Open>(Below(random, kOpens.size()));
  if ((families & kConflicts) != 0 && Chance(random, 20)) t.conflict = static_cast<Conflict>(1 + Below(random, 3));
  if ((families & kDecoySegments) == 0 || Chance(random, 30)) return;
  for (std::size_t n = 1 + Below(random, 4); n > 0; --n) {
    const std::uint32_t decoy = 1u << Below(random, kDecoyKinds);
    // These come before the truth half of the time, and then such a conversation has no twin that is read.
    const bool hides = (decoy & (kLowTtl | kMd5 | kUrgentExtra)) != 0;
    if (!hides || ((families & kConflicts) != 0 && Chance(random, 40))) t.decoys |= decoy;
  }
}

void DrawNetwork(NetworkShape& n, unsigned families, bool quic, Random& random) {
  n.v6 = Chance(random, 35);
  if ((families & kFragments) != 0 && Chance(random, 35)) {
    n.fragment = OneOf(random, std::array<std::size_t, 7>{8, 24, 32, 64, 200, 504, 1200});
    if (quic) n.fragment = std::max<std::size_t>(n.fragment, 24);
    n.fragments = static_cast<Order>(Below(random, 5));
    if (Chance(random, 40)) n.decoy = static_cast<FragmentDecoy>(1 + Below(random, 5));
    if (n.v6 && n.decoy == FragmentDecoy::kOtherProtocol) n.decoy = FragmentDecoy::kOtherAddress;  // RFC 8200 s4.5
    n.same_id = n.decoy == FragmentDecoy::kNone && Chance(random, 30);
  }
  n.options = Chance(random, 15);
  n.atomic = n.v6 && Chance(random, 20);
  n.padding = Chance(random, 20) ? 1 + Below(random, 20) : 0;
  if ((families & kLinks) != 0 && Chance(random, 25)) n.vlans = static_cast<unsigned>(1 + Below(random, 3));
  if ((families & kTunnels) != 0 && Chance(random, 15)) n.tunnel = static_cast<Tunnel>(1 + Below(random, 3));
}

std::string NameOf(const Disguise& d) {
  const CarrierShape& c = d.carrier;
  Name name(kCarriers[static_cast<std::size_t>(c.carrier)]);
  name.AddIf(c.second, "second");
  name.AddIf(c.padding > 0, "pad" + std::to_string(c.padding));
  name.AddIf(c.record > 0, "rec" + std::to_string(c.record));
  name.Add(kPreludes[static_cast<std::size_t>(c.prelude)]);
  if (!IsQuic(c.carrier)) {
    const TcpShape& t = d.tcp;
    name.Add(kOpens[static_cast<std::size_t>(t.open)]);
    name.Add("seg", t.segment);
    name.Add(kOrders[static_cast<std::size_t>(t.order)]);
    name.Add(kConflictNames[static_cast<std::size_t>(t.conflict)]);
    name.AddIf(t.duplicates > 0, "dup");
    name.AddIf(t.overlap > 0, "overlap");
    name.AddIf(t.wrap, "wrap");
    for (std::size_t i = 0; i < kDecoyKinds; ++i) name.AddIf((t.decoys >> i & 1) != 0, kDecoyNames[i]);
  }
  const NetworkShape& n = d.network;
  name.AddIf(n.v6, "v6");
  name.AddIf(n.fragment > 0, "frag" + std::to_string(n.fragment));
  name.Add(n.fragment > 0 ? kOrders[static_cast<std::size_t>(n.fragments)] : "");
  name.Add(kFragmentDecoys[static_cast<std::size_t>(n.decoy)]);
  name.AddIf(n.vlans > 0, "vlan" + std::to_string(n.vlans));
  name.Add(kTunnels_[static_cast<std::size_t>(n.tunnel)]);
  return name.text();
}

}  // namespace

Disguise Draw(std::uint32_t seed, unsigned families) {
  Random random(seed * 2654435761u + 17);
  Disguise d;
  d.seed = seed;
  if ((families & kHelloShapes) != 0) DrawHello(d.carrier, random);
  DrawTcp(d.tcp, families, random);
  DrawNetwork(d.network, families, IsQuic(d.carrier.carrier), random);
  d.second_flow = (families & kFlows) != 0 && Chance(random, 20);
  d.name = NameOf(d);
  return d;
}

}  // namespace weir::disguise
