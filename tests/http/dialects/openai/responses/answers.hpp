/// @file
/// Frames of responses, and streams of them read as a client does.
#pragma once

#include "http/dialects/openai/responses/stream_answer.hpp"
#include "tests/http/dialects/openai/chunks.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace synapse::http::openai::responses {

using json = nlohmann::json;

inline answer_frame frame_with(std::string echo = R"("tools":[],"instructions":null)") {
  answer_frame frame;
  frame.unique = "9a";
  frame.created = 1700000000;
  frame.now = [] { return std::int64_t{1700000005}; };
  frame.request = {"\"asked\"", std::move(echo), R"({"role":"user","content":"Hi"})"};
  return frame;
}

/// The data of its events, each with the name that its data has as well; what is none is a failure.
inline std::vector<json> events_of(const std::string& text) {
  std::vector<json> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\n\n", at);
    const auto line = text.find("\ndata: ", at);
    EXPECT_EQ(text.substr(at, 7), "event: ");
    if (end == std::string::npos || line == std::string::npos || line > end) {
      ADD_FAILURE() << "no event: " << text.substr(at);
      break;
    }
    found.push_back(json::parse(text.substr(line + 7, end - line - 7), nullptr, false));
    EXPECT_FALSE(found.back().is_discarded()) << text.substr(at, end - at);
    EXPECT_EQ(found.back()["type"], text.substr(at + 7, line - at - 7));
    at = end + 2;
  }
  return found;
}
inline std::vector<std::string> types_of(const std::vector<json>& events) {
  std::vector<std::string> found;
  for (const auto& one : events)
    found.push_back(one["type"].get<std::string>().substr(9)); // behind "response."
  return found;
}

/// Follows the rules that a client may count on, and puts the output together from the pieces.
inline json put_together(const std::vector<json>& events) {
  auto output = json::array();
  std::vector<std::size_t> done;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& one = events[i];
    const auto type = one["type"].get<std::string>();
    EXPECT_EQ(one["sequence_number"], i);
    if (type == "response.output_item.added") {
      EXPECT_EQ(one["output_index"], output.size());
      EXPECT_EQ(one["item"]["status"], "in_progress");
      output.push_back(one["item"]);
      continue;
    }
    if (!one.contains("output_index"))
      continue;
    const auto at = one["output_index"].get<std::size_t>();
    EXPECT_LT(at, output.size());
    auto& item = output[at];
    if (one.contains("item_id")) {
      EXPECT_EQ(one["item_id"], item["id"]);
    }
    if (type == "response.content_part.added") {
      EXPECT_EQ(one["content_index"], item["content"].size());
      item["content"].push_back(one["part"]);
    } else if (type == "response.function_call_arguments.delta") {
      item["arguments"] = item["arguments"].get<std::string>() + one["delta"].get<std::string>();
    } else if (type == "response.function_call_arguments.done") {
      EXPECT_EQ(item["arguments"], one["arguments"]);
    } else if (type == "response.content_part.done") {
      EXPECT_EQ(item["content"].at(one["content_index"].get<std::size_t>()), one["part"]);
    } else if (type == "response.output_item.done") {
      item["status"] = one["item"]["status"];
      EXPECT_EQ(item, one["item"]);
    } else {
      const auto* name = type.find("refusal") == std::string::npos ? "text" : "refusal";
      auto& text = item["content"].at(one["content_index"].get<std::size_t>())[name];
      if (one.contains("delta"))
        text = text.get<std::string>() + one["delta"].get<std::string>();
      else
        EXPECT_EQ(text, one[name]);
    }
  }
  return output;
}

} // namespace synapse::http::openai::responses
