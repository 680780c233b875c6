// Names that a flow does not say itself: by its certificate, and by what its client was told by DNS.
#include <algorithm>

#include "classifiers/metadata/certificate.h"
#include "dataplane/pipeline/worker_state.h"

namespace weir {
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
  const Knowledge::Fact first = generation->knowledge->FindName(value);
  for (std::size_t i = 0; i < state.metadata.size() && first.known(); ++i) {
    const Metadata::Field& other = state.metadata.field(i);
    if (other.id != BufferId::kTlsSan || other.tx != field.tx) continue;
    if (generation->knowledge->FindName(state.metadata.value(other)).app != first.app) return;
  }
  OfferFact(flow, state, first, field.id, value, ruling);
}

// Remembers the addresses of the answers just read, by the question's name, whatever it is an alias
// of (RFC 1034 s3.6.2): a company's name that leads into an app's cloud is the company's.
void Worker::State::LearnDns(const FlowRecord& flow, UndecidedFlow& state, Direction direction) {
  if (state.metadata.addresses().empty()) return;
  const FlowView view = ViewOf(flow, direction);
  const bool answer = direction == Direction::kToClient && view.server_port == kDnsPort;
  for (const Metadata::Address& address : state.metadata.addresses()) {
    if (!answer || settings.dns_facts == 0) break;
    DnsFact fact;
    const std::string_view name = state.metadata.First(BufferId::kDnsRrname, address.tx);
    fact.app = generation->knowledge->FindName(name).app;
    if (fact.app != AppId{}) fact.name.Append(name);
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

// Only once nothing can name the flow itself: the address of an app may serve other names too.
void Worker::State::OfferDns(FlowRecord& flow, UndecidedFlow& state, Ruling& ruling) {
  const bool transport = flow.key.proto == kProtoTcp || flow.key.proto == kProtoUdp;
  if (!transport || state.named || state.inspection.proto == AppProto::kDns) return;
  const FlowView view = ViewOf(flow, Direction::kToServer);
  // Where the capture begins amid a connection the server's packet may have come first.
  const DnsFact* fact = dns->Find(view.client, view.server, view.ip_version, now);
  if (fact == nullptr) fact = dns->Find(view.server, view.client, view.ip_version, now);
  if (fact == nullptr) return;
  const Knowledge::Fact known = generation->knowledge->FindName(fact->name.view());
  if (!known.known() || known.app != fact->app) return;  // another generation's, or cut
  Classification what{known.app,
                      generation->apps->CategoryOf(known.app),
                      std::min(known.confidence, Confidence::kProbable),
                      Source::kDns,
                      RuleId{},
                      {}};
  what.evidence.Append("dns ");
  what.evidence.Append(fact->name.view());
  Offer(flow, state, what, ruling);
}

}  // namespace weir
