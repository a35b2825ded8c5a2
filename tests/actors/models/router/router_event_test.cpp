#include "actors/models/router/router_event.hpp"

#include <gtest/gtest.h>

namespace synapse::models {
namespace {

TEST(router_events, tell_of_progress) {
  const auto said = read_event(
      R"({"model":"a","event":"status_change","data":{"progress":{"value":0.25,"stages":[]}}})");
  EXPECT_EQ(said.model, "a");
  ASSERT_TRUE(said.progress);
  EXPECT_DOUBLE_EQ(*said.progress, 0.25);
  EXPECT_TRUE(said.is_reason) << "if nobody knows of that load";
}

TEST(router_events, are_a_reason_to_look_whatever_they_are_called) {
  for (const auto* data : {R"({"model":"a","event":"model_status","data":{"status":"loaded"}})",
                           R"({"event":"x","model":7,"data":"x"})", R"({"event":""})"}) {
    const auto said = read_event(data);
    EXPECT_TRUE(said.is_reason) << data;
    EXPECT_FALSE(said.progress) << data;
  }
}

TEST(router_events, of_downloads_and_without_sense_are_none) {
  for (const auto* data : {"", "{", "[]", "null", "7", "{}", R"({"event":7})",
                           R"({"event":"download_progress","data":{}})"}) {
    const auto said = read_event(data);
    EXPECT_FALSE(said.is_reason) << data;
    EXPECT_FALSE(said.progress) << data;
  }
}

} // namespace
} // namespace synapse::models
