/// @file
/// What a type of backend can be asked about itself, without inference.
#pragma once

#include "providers/discovered_model.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace synapse::providers {

/// Paths below the backend's base; where one is not there the next one is asked. Empty ones at the
/// end do not count.
using path_list = std::array<std::string_view, 4>;

enum class wellness : std::uint8_t {
  well,
  loading, ///< it answers, but can do nothing yet
  unwell,
};

/// Judges the answer to a question for health. @param status of HTTP
using health_judge = wellness (*)(unsigned status, std::string_view body);
/// Reads a good (200) answer; never throws.
using list_reader = listing (*)(std::string_view body);
/// Adds what an answer says of one model. @returns why it says nothing; empty: it does
using detail_reader = std::string (*)(std::string_view body, discovered_model& into);
/// Like these, of any status.
using load_reader = load_reading (*)(unsigned status, std::string_view body);
using queue_reader = queue_reading (*)(std::string_view body);

/// How often something is asked.
struct pace {
  std::chrono::seconds busy{2};  ///< while there are requests
  std::chrono::seconds idle{15}; ///< else
};
inline constexpr pace usual_pace{};
inline constexpr pace calm_pace{std::chrono::seconds{15}, std::chrono::seconds{15}};
inline constexpr pace hourly_pace{std::chrono::hours{1}, std::chrono::hours{1}};

/// Of one type. Nothing that it names costs tokens or changes anything. An absent question has no
/// path.
struct descriptor {
  struct {
    path_list paths{};
    health_judge judge = nullptr;
  } health;
  struct {
    path_list paths{};
    std::string_view fields{}; ///< further complete field lines
    list_reader read = nullptr;
    pace every = calm_pace;
  } discovery;
  /// Further questions by POST, about one model each.
  struct {
    std::string_view path{};
    std::string (*body_of)(std::string_view model) = nullptr;
    detail_reader read = nullptr;
  } detail;
  struct {
    std::string_view path{};
    load_reader read = nullptr;
  } load;
  struct {
    std::string_view path{};
    queue_reader read = nullptr;
  } queue;
  /// A model that is loaded may take another one's place.
  bool loading_evicts = false;
};

/// 200 is well; a 503 whose words are of a model that is being loaded is that; all else unwell.
wellness judge_by_status(unsigned status, std::string_view body);

} // namespace synapse::providers
