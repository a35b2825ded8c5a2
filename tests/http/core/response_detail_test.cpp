// The table of what can go wrong (http/core/response_detail.cpp).
#include "http/core/head/status.hpp"
#include "http/core/local_reply.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace synapse::http {
namespace {

TEST(response_detail, the_table_is_sound) {
  std::set<std::string_view> texts;
  for (unsigned i = 0; i < static_cast<unsigned>(response_detail::count_); ++i) {
    const detail_info& row = info(static_cast<response_detail>(i));
    EXPECT_EQ(static_cast<unsigned>(row.detail), i);
    EXPECT_TRUE(texts.insert(row.text).second) << row.text << " is there twice";
    EXPECT_EQ(row.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    if (row.detail == response_detail::via_upstream || row.detail == response_detail::local) {
      EXPECT_EQ(row.status, 0u);
      continue;
    }
    EXPECT_GE(row.status, 400u) << row.text;
    EXPECT_LE(row.status, 599u) << row.text;
    EXPECT_NE(reason_phrase(row.status), "Unknown") << row.text;
    EXPECT_FALSE(row.type.empty()) << row.text;
    EXPECT_FALSE(row.code.empty()) << row.text;
    EXPECT_FALSE(row.message.empty()) << row.text;
    // Whose fault it is shows in type and label.
    if (row.text.starts_with("upstream_") || row.text.starts_with("stream_")) {
      EXPECT_FALSE(row.label.empty()) << row.text;
    }
  }
  EXPECT_EQ(to_string(response_detail::stream_truncated), "stream_truncated");
}

TEST(response_detail, statuses_of_the_contract) {
  const std::pair<response_detail, unsigned> cases[] = {
      {response_detail::route_not_found, 404},
      {response_detail::method_not_allowed, 405},
      {response_detail::header_timeout, 408},
      {response_detail::body_timeout, 408},
      {response_detail::length_required, 411},
      {response_detail::body_too_large, 413},
      {response_detail::uri_too_long, 414},
      {response_detail::unsupported_media_type, 415},
      {response_detail::unsupported_content_coding, 415},
      {response_detail::header_too_large, 431},
      {response_detail::invalid_json, 400},
      {response_detail::upstream_overflow, 429},
      {response_detail::client_disconnected, 499},
      {response_detail::internal_error, 500},
      {response_detail::upstream_protocol_error, 502},
      {response_detail::stream_truncated, 502},
      {response_detail::no_healthy_upstream, 503},
      {response_detail::upstream_connection_failure, 503},
      {response_detail::upstream_queue_timeout, 503},
      {response_detail::draining, 503},
      {response_detail::response_timeout, 504},
      {response_detail::first_token_timeout, 504},
      {response_detail::total_timeout, 504},
  };
  for (const auto& [detail, status] : cases)
    EXPECT_EQ(info(detail).status, status) << to_string(detail);
}

TEST(response_detail, of_head_errors) {
  for (unsigned i = 1; i < static_cast<unsigned>(head_error::count_); ++i) {
    const auto error = static_cast<head_error>(i);
    EXPECT_EQ(info(detail_of(error)).status, status_of(error)) << message_of(error);
  }
}

TEST(response_detail, types_and_codes_of_the_contract) {
  const auto& rate = info(response_detail::upstream_overflow);
  EXPECT_EQ(rate.type, "rate_limit_error");
  EXPECT_EQ(rate.code, "backend_overloaded");
  EXPECT_EQ(info(response_detail::unauthorized).type, "authentication_error");
  EXPECT_EQ(info(response_detail::origin_refused).type, "permission_error");
  EXPECT_EQ(info(response_detail::invalid_json).type, "invalid_request_error");
  EXPECT_EQ(info(response_detail::internal_error).type, "server_error");
}

TEST(response_detail, the_clients_fault_is_never_one_of_the_server) {
  for (unsigned i = 0; i < static_cast<unsigned>(response_detail::count_); ++i) {
    const detail_info& row = info(static_cast<response_detail>(i));
    if (row.status == 0)
      continue;
    if (row.type == "server_error") {
      EXPECT_GE(row.status, 500u) << row.text;
    } else {
      // 501 and 505: what the client asks for, and no server of this kind can do.
      EXPECT_TRUE(row.status < 500 || row.status == 501 || row.status == 505) << row.text;
      EXPECT_TRUE(row.label.empty() || row.status == 429) << row.text;
    }
  }
}

} // namespace
} // namespace synapse::http
