// Names that a flow does not say itself: by its certificate, and by what its client was told by DNS.
#include <algorithm>

#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

// The common name in "C = US, O = Example, CN = *.example.com", a wildcard's star cut off.
std::string_view CommonName(std::string_view subject) noexcept {
  const std::size_t at = subject.find("CN = ");
  if (at == std::string_view::npos) return {};
  std::string_view name = subject.substr(at + 5);
  name = name.substr(0, name.find(','));
  return name.starts_with("*.") ? name.substr(2) : name;
}

}  // namespace

void Worker::State::OfferFact(FlowRecord& flow, UndecidedFlow& state, const Knowledge::Fact& fact, BufferId buffer,
                              std::string_view value, Ruling& ruling) {
  if (!fact.known()) return;
  Classification what{fact.app, generation->apps->CategoryOf(fact.app), fact.confidence, Source::kMetadata, RuleId{},
                      {}};
  what.evidence.Append(weir::Name(buffer));
  what.evidence.Append(" ");
  what.evidence.Append(value);
  Offer(flow, state, what, ruling);
}

// A certificate serves many names; it counts where the client gave none: by the common name, or by
// the alternative names if each of them is the same app's.
void Worker::State::OfferCertificate(FlowRecord& flow, UndecidedFlow& state, const Metadata::Field& field,
                                     Ruling& ruling) {
  const bool asked = field.id == BufferId::kTlsSubject || field.id == BufferId::kTlsIssuer;
  if (!asked && field.id != BufferId::kTlsSan) return;
  if (!state.metadata.First(BufferId::kTlsSni, field.tx).empty()) return;
  const std::string_view value = state.metadata.value(field);
  if (field.id == BufferId::kTlsIssuer) {
    return OfferFact(flow, state, generation->knowledge->FindIssuer(value), field.id, value, ruling);
  }
  if (field.id == BufferId::kTlsSubject) {
    OfferName(flow, state, field.id, CommonName(value), ruling);
    return OfferFact(flow, state, generation->knowledge->FindSubject(value), field.id, value, ruling);
  }
  const auto name_of = [&](const Metadata::Field& f) {
    std::string_view name = state.metadata.value(f);
    return name.starts_with("*.") ? name.substr(2) : name;
  };
  const Knowledge::Fact first = generation->knowledge->FindName(name_of(field));
  for (std::size_t i = 0; i < state.metadata.size() && first.known(); ++i) {
    const Metadata::Field& other = state.metadata.field(i);
    if (other.id != BufferId::kTlsSan || other.tx != field.tx) continue;
    if (generation->knowledge->FindName(name_of(other)).app != first.app) return;
  }
  OfferFact(flow, state, first, field.id, value, ruling);
}

// Remembers the addresses of the answers just read: the question's name counts, then those that
// it is an alias of (RFC 1034 s3.6.2).
void Worker::State::LearnDns(const FlowRecord& flow, UndecidedFlow& state, Direction direction) {
  if (state.metadata.addresses().empty()) return;
  if (settings.dns_facts == 0) return state.metadata.ClearAddresses();
  constexpr std::uint16_t kDnsPort = 53;
  const FlowView view = ViewOf(flow, direction);
  const bool answer = direction == Direction::kToClient && view.server_port == kDnsPort;
  DnsFact fact;
  TxId of = UINT32_MAX;
  for (const Metadata::Address& address : state.metadata.addresses()) {
    if (!answer || address.tx != of) {
      of = address.tx;
      fact.app = AppId{};
      fact.name.Clear();
      for (std::size_t i = 0; i < state.metadata.size() && fact.app == AppId{}; ++i) {
        const Metadata::Field& field = state.metadata.field(i);
        if (field.tx != of || (field.id != BufferId::kDnsRrname && field.id != BufferId::kDnsAnswer)) continue;
        const std::string_view name = state.metadata.value(field);
        fact.app = generation->knowledge->FindName(name).app;
        if (fact.app != AppId{}) fact.name.Append(name);
      }
    }
    if (!answer) continue;
    fact.client = view.client;
    fact.client_version = view.ip_version;
    fact.address = address.address;
    fact.address_version = address.ip_version;
    fact.expires = DnsMemory::Expiry(now, address.ttl);
    dns->Learn(fact, now);
    if (dns_exchange) (void)dns_exchange->Publish(id.value(), fact);
  }
  state.metadata.ClearAddresses();
}

// What a flow says it goes to is as good as an answer: for those to come that say nothing (resumed,
// begun before us). Not HTTP in the clear, where an address is as a rule a cache of many. Names of no app count only
// where they make an address a shared one.
void Worker::State::LearnName(const FlowRecord& flow, std::string_view name) {
  if (settings.dns_facts == 0) return;
  const FlowView view = ViewOf(flow, Direction::kToServer);
  DnsFact fact;
  fact.app = generation->knowledge->FindName(name).app;
  if (fact.app == AppId{} && !dns->Holds(view.client, view.server, view.ip_version, now)) return;
  fact.client = view.client;
  fact.address = view.server;
  fact.client_version = fact.address_version = view.ip_version;
  fact.expires = DnsMemory::Expiry(now, DnsMemory::kSaidSeconds);
  fact.said = true;
  if (fact.app != AppId{}) fact.name.Append(name);
  dns->Learn(fact, now);
  if (dns_exchange) (void)dns_exchange->Publish(id.value(), fact);
}

// Only once nothing can name the flow itself: the address of an app may serve other names too.
void Worker::State::OfferDns(FlowRecord& flow, UndecidedFlow& state, Ruling& ruling) {
  if (settings.dns_facts == 0) return;
  const bool transport = flow.key.proto == kProtoTcp || flow.key.proto == kProtoUdp;
  if (!transport || state.named || state.inspection.proto == AppProto::kDns) return;
  const FlowView view = ViewOf(flow, Direction::kToServer);
  // Where the capture begins amid a connection the server's packet may have come first.
  const DnsFact* fact = dns->Find(view.client, view.server, view.ip_version, now);
  if (fact == nullptr) fact = dns->Find(view.server, view.client, view.ip_version, now);
  if (fact == nullptr) return;
  const Knowledge::Fact known = generation->knowledge->FindName(fact->name.view());
  if (!known.known() || known.app != fact->app) return;  // another generation's, or cut
  const Source source = fact->said ? Source::kAddress : Source::kDns;
  // A guess: the address may serve more than this client has named there.
  const Confidence confidence = fact->said ? Confidence::kGuess : std::min(known.confidence, Confidence::kProbable);
  Classification what{known.app, generation->apps->CategoryOf(known.app), confidence, source, RuleId{}, {}};
  what.evidence.Append(fact->said ? "earlier " : "dns ");
  what.evidence.Append(fact->name.view());
  Offer(flow, state, what, ruling);
}

}  // namespace weir
