// Our own disguises by name: each combines families, is read by some host without weir, and is caught; its innocent
// twin is not stopped.
#include <gtest/gtest.h>

#include "tests/disguise/box.h"

namespace weir::disguise {
namespace {

struct Row {
  const char* name;
  CarrierShape carrier;
  TcpShape tcp = {};
  NetworkShape network = {};
  bool second_flow = false;
};

using C = Carrier;
using O = Order;
using F = FragmentDecoy;

// clang-format off
const Row kRows[] = {
    {"one_byte_segments_last_to_first", {.carrier = C::kTls12}, {.segment = 1, .order = O::kReverse}},
    {"one_byte_records_in_three_byte_segments_shuffled", {.carrier = C::kTls12, .record = 1}, {.segment = 3, .order = O::kShuffled}},
    {"records_of_five_in_segments_of_seven_twice", {.carrier = C::kTls12, .record = 5}, {.segment = 7, .order = O::kShuffled, .duplicates = 100}},
    {"post_quantum_hello_backwards_in_sixteen_bytes", {.carrier = C::kTls13}, {.segment = 16, .order = O::kReverse, .stamps = true}},
    {"post_quantum_hello_in_v6_fragments_of_segments", {.carrier = C::kTls13}, {.segment = 400, .order = O::kNeighbours}, {.v6 = true, .fragment = 64, .fragments = O::kReverse}},
    {"hello_of_fifteen_kilobytes_shuffled", {.carrier = C::kTls12, .padding = 15'000}, {.segment = 100, .order = O::kShuffled}},
    {"hello_of_sixty_kilobytes_last_segment_first", {.carrier = C::kTls13, .padding = 60'000}, {.segment = 1400, .order = O::kReverse, .scale = true}},
    {"upper_case_with_dot_after_a_warning", {.carrier = C::kTls12, .upper = true, .dot = true, .prelude = Prelude::kWarning}, {.segment = 9}},
    {"subdomain_in_grease_across_the_sequence_wrap", {.carrier = C::kTls13, .subdomain = true, .grease = true}, {.segment = 11, .order = O::kShuffled, .wrap = true}},
    {"change_cipher_spec_first_then_tiny_records", {.carrier = C::kTls12, .record = 2, .prelude = Prelude::kChangeCipherSpec}, {.segment = 50}},
    {"hello_request_before_the_hello", {.carrier = C::kTls12, .prelude = Prelude::kHelloRequest}, {.segment = 4, .order = O::kFirstLast}},
    {"empty_record_before_the_hello", {.carrier = C::kTls12, .prelude = Prelude::kEmptyRecord}, {.segment = 2, .order = O::kReverse}},
    {"second_hello_after_retry_in_bytes", {.carrier = C::kTls13, .second = true}, {.segment = 2, .order = O::kShuffled}},
    {"second_hello_after_retry_with_resets_between", {.carrier = C::kTls13, .second = true}, {.segment = 300, .decoys = kRstLowTtl | kRstWrongSeq | kFinLowTtl, .batches = 3}},
    {"second_request_kept_alive_with_garbage", {.carrier = C::kHttp, .second = true}, {.segment = 20, .decoys = kKeepAlive, .batches = 4}},
    {"request_head_of_fifteen_kilobytes_overlapping", {.carrier = C::kHttp, .padding = 15'000}, {.segment = 200, .order = O::kShuffled, .overlap = 60}},
    {"request_in_single_bytes_backwards_in_vlan", {.carrier = C::kHttp}, {.segment = 1, .order = O::kReverse}, {.vlans = 2}},
    {"connect_then_hello_in_bytes", {.carrier = C::kConnect}, {.segment = 1, .order = O::kShuffled}},
    {"connect_whose_answer_is_acknowledged_too_early", {.carrier = C::kConnect}, {.segment = 30, .decoys = kAckAhead}},
    {"connect_then_second_hello_in_fragments", {.carrier = C::kConnect, .second = true}, {.segment = 200}, {.fragment = 32, .fragments = O::kShuffled}},
    {"two_syns_then_shuffled", {.carrier = C::kTls12}, {.open = Open::kTwoSyns, .segment = 20, .order = O::kShuffled}},
    {"two_syns_the_first_taken", {.carrier = C::kTls12}, {.open = Open::kTwoSynsFirst, .segment = 20, .order = O::kReverse}},
    {"split_handshake_and_low_ttl_reset", {.carrier = C::kTls12}, {.open = Open::kSplit, .segment = 60, .decoys = kRstLowTtl | kRstBadSum}},
    {"fast_open_and_the_rest_backwards", {.carrier = C::kTls13}, {.open = Open::kFastOpen, .segment = 33, .order = O::kReverse}},
    {"data_in_the_syn_sent_again", {.carrier = C::kTls12}, {.open = Open::kSynDataResent, .segment = 10, .order = O::kShuffled}},
    {"other_data_in_the_syn", {.carrier = C::kTls12}, {.open = Open::kSynDataDecoy, .segment = 40}},
    {"data_before_the_answer_and_again", {.carrier = C::kHttp}, {.open = Open::kEarlyData, .segment = 8, .order = O::kFirstLast}},
    {"midstream_in_tiny_segments", {.carrier = C::kTls12}, {.open = Open::kMidstream, .segment = 5, .order = O::kReverse}},
    {"midstream_with_urgent_data", {.carrier = C::kTls13}, {.open = Open::kMidstream, .segment = 100, .decoys = kUrgentFlag}},
    {"one_sided_shuffled", {.carrier = C::kTls12}, {.open = Open::kOneSided, .segment = 12, .order = O::kShuffled}},
    {"one_sided_with_everything_forged", {.carrier = C::kTls13}, {.open = Open::kOneSided, .segment = 90, .decoys = kBadSum | kBeyondWindow | kLeftOfWindow | kRstRightSeq | kFinRightSeq}},
    {"reused_port_after_fin", {.carrier = C::kTls12}, {.open = Open::kReuseAfterFin, .segment = 25, .order = O::kShuffled}},
    {"reused_port_of_a_live_connection", {.carrier = C::kTls12}, {.open = Open::kReuseSilent, .segment = 25, .order = O::kReverse}},
    {"reused_port_then_second_request", {.carrier = C::kHttp, .second = true}, {.open = Open::kReuseSilent, .segment = 6, .order = O::kShuffled}},
    {"decoys_of_each_kind_no_host_takes", {.carrier = C::kTls12}, {.segment = 50, .order = O::kShuffled, .decoys = kBadSum | kBeyondWindow | kLeftOfWindow | kOldStamp | kBadAck | kNoFlags | kFinWithoutAck, .stamps = true}},
    {"ends_of_each_kind_no_host_takes", {.carrier = C::kTls13}, {.segment = 120, .decoys = kRstBadSum | kRstLowTtl | kRstWrongSeq | kRstRightSeq | kFinBadSum | kFinLowTtl | kFinWrongSeq | kFinRightSeq}},
    {"digest_option_decoy", {.carrier = C::kTls12}, {.segment = 100, .decoys = kMd5}},
    {"low_ttl_decoy_at_the_same_numbers", {.carrier = C::kHttp}, {.segment = 15, .order = O::kShuffled, .decoys = kLowTtl}},
    {"decoy_first_in_tiny_segments", {.carrier = C::kTls12}, {.segment = 30, .order = O::kReverse, .conflict = Conflict::kDecoyFirst}},
    {"decoy_after_backwards", {.carrier = C::kTls12}, {.segment = 30, .order = O::kReverse, .conflict = Conflict::kDecoyAfter}},
    {"innocent_hello_first_then_the_same_numbers_again", {.carrier = C::kTls12}, {.segment = 1400, .conflict = Conflict::kRewrite}},
    {"innocent_request_first_then_the_same_numbers_shuffled", {.carrier = C::kHttp}, {.segment = 9, .order = O::kShuffled, .conflict = Conflict::kRewrite}},
    {"innocent_post_quantum_hello_first_then_in_fragments", {.carrier = C::kTls13}, {.segment = 700, .conflict = Conflict::kRewrite}, {.fragment = 128}},
    {"urgent_byte_inside_the_name", {.carrier = C::kTls12}, {.segment = 200, .decoys = kUrgentExtra}},
    {"urgent_byte_in_fragments", {.carrier = C::kHttp}, {.segment = 1000, .decoys = kUrgentExtra}, {.fragment = 24}},
    {"urgent_pointers_on_true_bytes", {.carrier = C::kTls12}, {.segment = 64, .order = O::kShuffled, .decoys = kUrgentFlag}},
    {"zero_window_probe_then_reserved_bits", {.carrier = C::kTls12}, {.segment = 40, .decoys = kZeroWindow | kReserved, .batches = 2}},
    {"syn_in_the_middle_that_dies", {.carrier = C::kTls12}, {.segment = 30, .decoys = kSynInside, .batches = 4}},
    {"syn_far_away_that_dies", {.carrier = C::kTls13}, {.segment = 200, .decoys = kSynFar, .batches = 3}},
    {"keep_alive_garbage_with_stamps", {.carrier = C::kTls12}, {.segment = 25, .decoys = kKeepAlive | kOldStamp, .batches = 4, .stamps = true}},
    {"fragments_of_24_shuffled_and_duplicated", {.carrier = C::kTls12}, {}, {.fragment = 24, .fragments = O::kShuffled, .decoy = F::kDuplicate}},
    {"fragments_beside_another_protocol_of_the_same_id", {.carrier = C::kTls12}, {}, {.fragment = 48, .decoy = F::kOtherProtocol}},
    {"v6_fragments_beside_another_hosts", {.carrier = C::kHttp}, {}, {.v6 = true, .fragment = 40, .fragments = O::kReverse, .decoy = F::kOtherAddress}},
    {"fragments_overlapping_with_equal_bytes", {.carrier = C::kTls12}, {}, {.fragment = 64, .decoy = F::kOverlapEqual}},
    {"fragments_in_conflict", {.carrier = C::kTls12}, {}, {.fragment = 64, .decoy = F::kConflict}},
    {"fragments_inside_of_the_tcp_header", {.carrier = C::kTls12}, {}, {.fragment = 8, .fragments = O::kReverse}},
    {"fragments_with_one_id_for_all", {.carrier = C::kTls12}, {.segment = 100}, {.fragment = 32, .fragments = O::kShuffled, .same_id = true}},
    {"v4_options_and_padding_behind_the_length", {.carrier = C::kHttp}, {.segment = 10}, {.options = true, .padding = 17}},
    {"v6_extension_headers_before_a_fragment_header", {.carrier = C::kTls12}, {.segment = 300}, {.v6 = true, .fragment = 56, .options = true}},
    {"v6_atomic_fragments", {.carrier = C::kTls12}, {.segment = 20, .order = O::kReverse}, {.v6 = true, .options = true, .atomic = true}},
    {"three_tags_and_fragments", {.carrier = C::kTls12}, {.segment = 120}, {.fragment = 40, .vlans = 3}},
    {"gre_around_fragments", {.carrier = C::kTls12}, {.segment = 200}, {.fragment = 64, .fragments = O::kReverse, .tunnel = Tunnel::kGre}},
    {"vxlan_around_tiny_segments", {.carrier = C::kTls13}, {.segment = 9, .order = O::kShuffled}, {.tunnel = Tunnel::kVxlan}},
    {"v6_in_v4_with_tags", {.carrier = C::kTls12}, {.segment = 31}, {.v6 = true, .vlans = 1, .tunnel = Tunnel::kIpInIp}},
    {"quic_crypto_of_one_byte_shuffled", {.carrier = C::kQuicV1, .record = 1, .crypto = O::kShuffled}},
    {"quic_v2_post_quantum_backwards", {.carrier = C::kQuicV2, .grease = true, .record = 100, .crypto = O::kReverse}},
    {"quic_behind_junk_in_fragments", {.carrier = C::kQuicV1, .junk_first = true}, {}, {.fragment = 200, .fragments = O::kShuffled}},
    {"quic_over_v6_fragments_and_tags", {.carrier = C::kQuicV2, .padding = 3000, .crypto = O::kShuffled}, {}, {.v6 = true, .fragment = 504, .vlans = 2}},
    {"between_the_segments_of_another_connection", {.carrier = C::kTls12, .record = 8}, {.segment = 11, .order = O::kShuffled}, {}, true},
};
// clang-format on

class NamedDisguise : public testing::TestWithParam<Row> {
 protected:
  static Disguise Of(const Row& row) { return {row.name, 7, row.carrier, row.tcp, row.network, row.second_flow}; }
  static const Box& box() {
    static const Box box;
    return box;
  }
};

TEST_P(NamedDisguise, IsCaught) {
  const Finding finding = JudgeBlocked(box(), Play(Of(GetParam()), kBlocked));
  EXPECT_TRUE(finding.counts) << "no host would have read the name";
  EXPECT_EQ(finding.wrong, "");
}

TEST_P(NamedDisguise, DoesNotStopItsInnocentTwin) {
  EXPECT_EQ(JudgeInnocent(box(), Play(Of(GetParam()), kAllowed)).wrong, "");
}

std::string NameOf(const testing::TestParamInfo<Row>& row) { return row.param.name; }
INSTANTIATE_TEST_SUITE_P(Our, NamedDisguise, testing::ValuesIn(kRows), NameOf);

}  // namespace
}  // namespace weir::disguise
