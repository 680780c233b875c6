#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/telemetry/eve_format.h"

namespace weir {
namespace {

using Fields = std::vector<DecodedField>;

nlohmann::json Object(AppProto proto, const Fields& fields) {
  ProtocolEvent event;
  event.proto = proto;
  event.tx = 3;
  JsonBuffer out;
  AppendProtocolObject(event, fields, out);
  EXPECT_EQ(out.data()[0], ',');
  return nlohmann::json::parse("{" + std::string(out.data() + 1, out.size() - 1) + "}");
}

DecodedField Field(BufferId id, std::string_view value) {
  DecodedField field{};
  field.id = id;
  field.value = value;
  return field;
}

TEST(AppendProtocolObject, NamesTlsFieldsAsSuricataDoes) {
  const auto tls =
      Object(AppProto::kTls, {Field(BufferId::kTlsSni, "a.example"), Field(BufferId::kTlsVersion, "TLS 1.3"),
                              Field(BufferId::kTlsAlpn, "h2"), Field(BufferId::kTlsAlpn, "http/1.1"),
                              Field(BufferId::kTlsSubject, "CN=a.example")});
  EXPECT_EQ(
      tls, nlohmann::json::parse(
               R"({"tls":{"sni":"a.example","version":"TLS 1.3","alpn":["h2","http/1.1"],"subject":"CN=a.example"}})"));
}

TEST(AppendProtocolObject, GroupsDnsAnswersByKind) {
  const auto dns =
      Object(AppProto::kDns, {Field(BufferId::kDnsRcode, "0"), Field(BufferId::kDnsRrname, "a.example"),
                              Field(BufferId::kDnsRrtype, "28"), Field(BufferId::kDnsAnswer, "b.example"),
                              Field(BufferId::kDnsAnswer, "2001:db8::1"), Field(BufferId::kDnsAnswer, "192.0.2.1"),
                              Field(BufferId::kDnsAnswer, "192.0.2.2")});
  EXPECT_EQ(dns["dns"]["type"], "answer");
  EXPECT_EQ(dns["dns"]["rcode"], "NOERROR");
  EXPECT_EQ(dns["dns"]["rrtype"], "AAAA");
  EXPECT_EQ(dns["dns"]["grouped"],
            nlohmann::json::parse(R"({"A":["192.0.2.1","192.0.2.2"],"AAAA":["2001:db8::1"],"CNAME":["b.example"]})"));
}

TEST(AppendProtocolObject, IsAQuestionWithoutACode) {
  const auto dns =
      Object(AppProto::kDns, {Field(BufferId::kDnsQuery, "a.example"), Field(BufferId::kDnsRrtype, "4711")});
  EXPECT_EQ(dns["dns"], nlohmann::json::parse(
                            R"({"version":2,"type":"query","tx_id":3,"rrname":"a.example","rrtype":"TYPE4711"})"));
}

TEST(AppendProtocolObject, WritesAStatusOnlyIfItIsANumber) {
  EXPECT_EQ(Object(AppProto::kHttp, {Field(BufferId::kHttpStatus, "404")})["http"]["status"], 404);
  EXPECT_FALSE(Object(AppProto::kHttp, {Field(BufferId::kHttpStatus, "4x4")})["http"].contains("status"));
}

TEST(AppendProtocolObject, WritesHttp2AsSuricataDoes) {
  const auto http2 = Object(AppProto::kHttp2, {Field(BufferId::kHttpHost, "a.example"), Field(BufferId::kHttpUri, "/"),
                                               Field(BufferId::kHttpProtocol, "HTTP/2")});
  EXPECT_EQ(http2["http"], nlohmann::json::parse(R"({"version":"2","hostname":"a.example","url":"/"})"));
}

}  // namespace
}  // namespace weir
