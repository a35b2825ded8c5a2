/// @file
/// Backends for names of a catalog, which the tests play themselves.
#pragma once

#include "tests/audio/audio_bed.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <mutex>

namespace synapse::audio {

using testing::HasSubstr;

/// Of `catalog`, from `{backend, model…}` in YAML's flow form.
inline std::string catalog_of(std::string_view name, const std::vector<std::string>& deployments) {
  std::string text = "catalog:\n  " + std::string{name} + ":\n    deployments:\n";
  for (const auto& one : deployments)
    text += "      - {" + one + "}\n";
  return text;
}

inline std::size_t count_of(const scripted_upstream& upstream, std::string_view target) {
  std::size_t count = 0;
  for (const auto& one : upstream.seen())
    count += one.target == target ? 1 : 0;
  return count;
}

/// What it was asked to do. Scouts and health checks, which come when they like, only look.
inline std::vector<upstream_request> posts_to(const scripted_upstream& upstream) {
  std::vector<upstream_request> found;
  for (auto& one : upstream.seen())
    if (one.method == "POST")
      found.push_back(std::move(one));
  return found;
}

/// The last request for that target; an empty one where there was none.
inline upstream_request last_of(const scripted_upstream& upstream, std::string_view target) {
  upstream_request found;
  for (const auto& one : upstream.seen())
    if (one.target == target)
      found = one;
  return found;
}

inline std::string deployment_of(const http_reply& reply) {
  return reply.field("X-Synapse-Deployment");
}

/// Piper's page for whatever has failed.
inline std::string page(unsigned status, std::string_view title) {
  return answer_bytes(status,
                      "<!doctype html><title>" + std::string{title} + "</title><p>" +
                          std::string{title} + "</p>",
                      "text/html; charset=utf-8");
}

inline constexpr const char* stt_answer = R"({"text":"Hello there.","language":"en","duration":1.5,
"segments":[{"id":1,"text":"Hello there.","start":0.0,"end":1.3,"words":null}]})";

/// Answers every form, or fails.
struct played_listener {
  explicit played_listener(std::string good) : said(std::move(good)) {}

  std::string answer(const upstream_request&) {
    const std::lock_guard lock{mutex};
    return answer_bytes(status, status == 200 ? said : trouble);
  }
  void fail(unsigned with, std::string words) {
    const std::lock_guard lock{mutex};
    status = with;
    trouble = std::move(words);
  }
  std::map<std::string, std::string> sent() const {
    std::map<std::string, std::string> fields;
    for (const auto& [name, value] : parts_of(posts_to(upstream).back()))
      fields[name] = value;
    return fields;
  }

  std::mutex mutex;
  std::string said;
  std::string trouble;
  unsigned status = 200;
  scripted_upstream upstream{
      answer_each([this](const upstream_request& request) { return answer(request); })};
};

} // namespace synapse::audio
