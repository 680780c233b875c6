#include "classifiers/ndpi/ndpi_adapter.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Octets;

FlowView Flow(std::uint8_t proto, std::uint16_t port, Direction direction = Direction::kToServer) {
  FlowView flow;
  flow.client.octets = {10, 0, 0, 1};
  flow.server.octets = {192, 0, 2, 9};
  flow.client_port = 40000;
  flow.server_port = port;
  flow.proto = proto;
  flow.direction = direction;
  flow.now = {1'700'000'000'000'000};
  return flow;
}

std::unique_ptr<NdpiModule> Module() {
  auto module = NdpiModule::Create();
  EXPECT_TRUE(module);
  return std::move(*module);
}

TEST(NdpiModule, NamesAnAppByItsHelloInAnySplit) {
  const auto module = Module();
  const Octets hello = test::Records(test::ClientHelloMessage(test::ServerName("web.whatsapp.com")));
  for (const std::size_t piece : {std::size_t{40}, hello.size()}) {
    const auto flow = module->NewFlow();
    NdpiVoice voice;
    for (std::size_t at = 0; at < hello.size(); at += piece)
      voice = module->FeedStream(*flow, Flow(6, 443), Bytes(hello).subspan(at, std::min(piece, hello.size() - at)));
    EXPECT_EQ(voice.application, "WhatsApp") << piece;
    EXPECT_EQ(voice.master, "TLS");
    EXPECT_TRUE(voice.by_payload);
  }
}

TEST(NdpiModule, NamesAProtocolOnAnyPort) {
  const auto module = Module();
  const auto flow = module->NewFlow();
  (void)module->FeedStream(*flow, Flow(6, 40022), test::Text("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"));
  const NdpiVoice voice =
      module->FeedStream(*flow, Flow(6, 40022, Direction::kToClient), test::Text("SSH-2.0-OpenSSH_8.4\r\n"));
  EXPECT_EQ(voice.application.empty() ? voice.master : voice.application, "SSH");
}

TEST(NdpiModule, SaysThatAPortIsOnlyAGuess) {
  const auto module = Module();
  const auto flow = module->NewFlow();
  (void)module->FeedStream(*flow, Flow(6, 5222), Octets(40, std::byte{0xf3}));
  EXPECT_FALSE(module->GiveUp(*flow, true).by_payload);
}

TEST(NdpiModule, KeepsFlowsApartAndSurvivesAnyBytes) {
  const auto module = Module();
  std::vector<NdpiModule::FlowPtr> flows;
  std::uint32_t random = 1;
  for (int i = 0; i < 200; ++i) {
    flows.push_back(module->NewFlow());
    Octets bytes(static_cast<std::size_t>(1 + i * 7 % 1400));
    for (std::byte& b : bytes) b = static_cast<std::byte>((random = random * 1664525 + 1013904223) >> 24);
    (void)module->FeedStream(*flows.back(), Flow(6, static_cast<std::uint16_t>(1000 + i)), bytes);
    flows.push_back(module->NewFlow());
    (void)module->FeedPacket(*flows.back(), Flow(17, 53), test::Ipv4(17, test::Udp(40000, 53, bytes)));
  }
  const Octets hello = test::Records(test::ClientHelloMessage(test::ServerName("web.whatsapp.com")));
  const auto clean = module->NewFlow();
  EXPECT_EQ(module->FeedStream(*clean, Flow(6, 443), hello).application, "WhatsApp");
}

TEST(NdpiModule, HasALastWordOnAFlowThatItWasNeverShown) {
  const auto module = Module();
  for (const bool guess : {false, true}) {
    const auto flow = module->NewFlow();
    const NdpiVoice voice = module->GiveUp(*flow, guess);
    EXPECT_EQ(voice.application, "");
    EXPECT_FALSE(voice.by_payload);
    EXPECT_TRUE(voice.done);
  }
}

}  // namespace
}  // namespace weir
