/// @file
/// One request's way through a catalog: which deployment is asked first, and which one next.
#pragma once

#include "routing/failure/retry_budget.hpp"
#include "routing/journey/moved.hpp"
#include "routing/journey/standing.hpp"
#include "routing/names/name_table.hpp"
#include "routing/pick/candidate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace synapse::routing {

/// What a request asks for, as far as it decides where it may go. Views outlive the journey.
struct wish {
  kind what = kind::chat;
  std::string_view asked;     ///< the name as the client has it; matters where a pattern has it
  std::uint16_t needs = 0;    ///< further capabilities, a bit each
  std::uint64_t affinity = 0; ///< of its conversation; 0: it goes anywhere
  std::size_t text_bytes = 0; ///< of its prompt
  std::span<const std::string_view> tags;
  std::string_view pinned;   ///< id of the only deployment that will do; empty: any
  std::int64_t deadline = 0; ///< ns; 0: none
};

/// What to do next.
struct move {
  const deployment* to = nullptr; ///< null: nothing is left, see `journey::farewell`
  std::int64_t wait = 0;          ///< before, ns
  bool without_extras = false;    ///< without the fields that it does not know
};

/// What the client is told when nothing is left.
struct farewell {
  enum class cause : std::uint8_t {
    failed,     ///< the last attempt, see `last`
    wrong_kind, ///< nobody does what is asked for
    no_tags,    ///< nobody has the tags
    unknown_id, ///< the name has no deployment of that id
    shut,       ///< all that would do are out of service
    full,       ///< all that would do have no room
    deadline,   ///< time is up
  };
  cause why = cause::failed;
  verdict last; ///< of the last attempt
  trouble shut_by = trouble::none;
  std::int64_t retry_at = 0; ///< when the soonest of them may be asked again; 0: nobody knows
};

/// The rules of attempts over a request's life. Plain state of one thread; allocates nothing.
class journey {
public:
  static constexpr std::size_t most_tried = 64; ///< deployments of one request
  static constexpr std::size_t most_names = 16;

  /// @param budget of the name, this thread's; counts the request
  journey(const name_table& table, const model_name& start, const wish& what,
          const config::routing_settings& rules, retry_budget& budget, unsigned thread,
          std::int64_t now) noexcept;

  move first(standing& known, random_source& random, std::int64_t now);
  /// An attempt at the present deployment has ended like that, and the client has nothing of it.
  move after(const verdict& how, standing& known, random_source& random, std::int64_t now);
  /// There was no attempt: the deployment or its backend takes none before `retry_at` (0: nobody
  /// knows). @param full it has no room, else it is out of service
  move after_denial(bool full, std::int64_t retry_at, standing& known, random_source& random,
                    std::int64_t now);

  /// The same from the beginning, for a request that has waited because nobody took it.
  /// @pre no attempt was made
  move again(standing& known, random_source& random, std::int64_t now);

  const deployment& at() const noexcept { return *at_; }
  const model_name& name() const noexcept { return *name_; }
  /// How the present name is called, where that is not the client's word; else empty.
  std::string_view asked() const noexcept {
    return name_at_ == 0 ? std::string_view{} : names_[name_at_].asked;
  }
  unsigned attempts() const noexcept { return attempts_; }
  moved why_here() const noexcept { return moved_; }
  /// The last move is to a deployment that is half open, to find out.
  bool is_probe() const noexcept { return probe_; }
  /// Somebody else would be asked, were this one not to be had.
  bool has_others(standing& known) const;
  routing::farewell farewell(std::int64_t now) const noexcept;

private:
  struct search;
  move seek(standing& known, random_source& random, std::int64_t now);
  /// What a search puts up with.
  enum class lenience : std::uint8_t {
    none,
    queues,  ///< long ones, inside backends
    anything ///< also that the prompt is most likely too long
  };
  bool is_left(const deployment& one) const noexcept;
  bool suits(const deployment& one, const place_state& state, lenience with) noexcept;
  bool is_free(const place_state& state, std::int64_t now, lenience with) noexcept;
  const deployment* seek_in_name(standing& known, random_source& random, std::int64_t now,
                                 lenience with);
  const deployment* choose(const search& found, random_source& random, std::int64_t now) const;
  bool next_name() noexcept;
  std::size_t find_name(const fallback_name& which) const noexcept;
  void expect(std::span<const fallback_name> names, moved why) noexcept;
  void expect_next(std::span<const fallback_name> names, moved why) noexcept;
  void note(std::int64_t& soonest, std::int64_t at) noexcept;
  move go(const deployment* to) noexcept;
  move alone(const verdict& how, std::int64_t now) noexcept;
  void leave_for_good() noexcept;
  bool tried(deployment_place place) const noexcept;
  bool time_left(std::int64_t now) const noexcept;

  const name_table& table_;
  const model_name* name_;
  const wish& wish_;
  const config::routing_settings& rules_;
  retry_budget& budget_;
  unsigned thread_;
  const deployment* at_ = nullptr;
  std::array<deployment_place, most_tried> tried_{};
  /// Under which of the names, or `as_any`.
  std::array<std::uint8_t, most_tried> tried_as_{};
  static constexpr std::uint8_t as_any = 0xff;
  std::size_t tried_count_ = 0;
  /// Those that were left, the present one, and those to go to when it has nothing left.
  std::array<fallback_name, most_names> names_{};
  std::array<moved, most_names> reasons_{};
  std::size_t name_at_ = 0;
  std::size_t name_count_ = 0;

  std::int64_t now_ = 0; ///< of the last move
  unsigned attempts_ = 0;
  unsigned min_tier_ = 0;       ///< lower ones are left for good
  std::size_t min_context_ = 0; ///< tokens that a deployment has to have, as far as known
  bool larger_ = false;         ///< the last one was too small
  bool waited_ = false;
  bool probe_ = false;
  bool stripped_ = false; ///< the present one was asked without extras
  bool spilled_ = false;  ///< a tier was left because its queue is long
  bool misfit_ = false;   ///< a deployment of the name was left out because the prompt is too long
  std::int64_t wait_began_ = 0;
  moved moved_ = moved::no;
  bool any_kind_ = false; ///< a deployment was seen that does what is asked for
  bool any_tags_ = false; ///< and has the tags
  bool any_id_ = false;
  bool late_ = false;
  bool failed_ = false; ///< an attempt was made
  verdict last_;
  std::int64_t shut_until_ = 0; ///< soonest
  trouble shut_by_ = trouble::none;
  std::int64_t full_until_ = 0; ///< soonest
  bool shut_seen_ = false;
  bool full_seen_ = false;
};

} // namespace synapse::routing
