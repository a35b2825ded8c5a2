#include "config/litellm/parts/router.hpp"

#include "config/litellm/text/ignored_keys.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace synapse::config::litellm {

namespace {

constexpr std::size_t max_rules = 2048;
constexpr std::size_t max_others = 32;
constexpr std::uint64_t max_retries = 99;
constexpr std::uint64_t max_fails = 999'999;

struct strategy_row {
  std::string_view name;
  pick_strategy ours;
};

constexpr auto strategies = std::to_array<strategy_row>({
    {"simple-shuffle", pick_strategy::shuffle},
    {"least-busy", pick_strategy::least_busy},
    {"usage-based-routing", pick_strategy::usage},
    {"usage-based-routing-v2", pick_strategy::usage},
    {"latency-based-routing", pick_strategy::p2c},
    {"cost-based-routing", pick_strategy::cheapest},
});

/// Failures as LiteLLM names them, before `Retries` and `AllowedFails`.
enum class failure_kind { client, key, rate, server };
struct failure_row {
  std::string_view name;
  failure_kind kind;
};
constexpr auto failure_rows = std::to_array<failure_row>({
    {"BadRequestError", failure_kind::client},
    {"ContentPolicyViolationError", failure_kind::client},
    {"AuthenticationError", failure_kind::key},
    {"RateLimitError", failure_kind::rate},
    {"TimeoutError", failure_kind::server},
    {"InternalServerError", failure_kind::server},
});

const failure_row* failure_of(std::string_view key, std::string_view ending) {
  if (!key.ends_with(ending))
    return nullptr;
  key.remove_suffix(ending.size());
  const auto found = std::find_if(failure_rows.begin(), failure_rows.end(),
                                  [&](const failure_row& one) { return one.name == key; });
  return found == failure_rows.end() ? nullptr : &*found;
}

class router_reader {
public:
  router_reader(fragment& all, context& say) : all_(all), say_(say) {}

  router_rules run(const document& from) {
    for (const spot& at : from.general)
      read_general(at);
    check_master_key();
    for (const spot& at : from.litellm) {
      const auto has_it = [&](const spot& other) { return takes_place_of(other.name, at.name); };
      if (std::any_of(from.router.begin(), from.router.end(), has_it))
        say_.warn(at, "stands in router_settings, too, which goes before this");
      else
        read_key(at, ignored_litellm_keys());
    }
    for (const spot& at : from.router)
      read_key(at, ignored_router_keys());
    finish();
    return std::move(rules_);
  }

private:
  using handler = void (router_reader::*)(const spot&);
  struct row {
    std::string_view key;
    handler take;
  };
  static std::span<const row> table();

  static bool takes_place_of(const std::string& router, const std::string& litellm) {
    const bool is_known = std::any_of(table().begin(), table().end(),
                                      [&](const row& one) { return one.key == litellm; });
    return is_known && (router == litellm || (router == "timeout" && litellm == "request_timeout"));
  }

  void read_key(const spot& at, std::span<const ignored_key> ignored) {
    for (const row& one : table())
      if (one.key == at.name)
        return (this->*one.take)(at);
    warn_ignored(at, ignored, true);
  }

  void warn_ignored(const spot& at, std::span<const ignored_key> ignored, bool with_table) {
    std::vector<std::string_view> known;
    for (const ignored_key& one : ignored) {
      if (one.key == at.name)
        return say_.warn(at, std::string{one.words});
      known.push_back(one.key);
    }
    for (const row& one : with_table ? table() : std::span<const row>{})
      known.push_back(one.key);
    say_.warn_unknown(at, "unknown key, which does nothing here", known);
  }

  void read_general(const spot& at) {
    for (const ignored_key& one : guarding_keys()) {
      if (one.key != at.name)
        continue;
      const bool is_off =
          at.is_null() || (at.is_text() && (at.node->text.empty() || at.node->text == "false" ||
                                            at.node->text == "False"));
      if (!is_off)
        say_.refuse(at, std::string{one.words});
      return;
    }
    if (at.name == "ignore_invalid_deployments")
      return invalid_deployments(at);
    warn_ignored(at, ignored_general_keys(), false);
  }

  /// LiteLLM takes the variable as well.
  void check_master_key() {
    const auto value = say_.variable("LITELLM_MASTER_KEY");
    if (!value || value->empty())
      return;
    spot at;
    at.file = "environment";
    at.key = "LITELLM_MASTER_KEY";
    say_.refuse(at, std::string{guarding_keys().front().words});
  }

  void set(const spot& at, const char* key) {
    all_.places.insert_or_assign(std::string{"routing."} + key, at.where());
  }

  void strategy(const spot& at);
  void retries(const spot& at) {
    if (const auto value = say_.count(at, max_retries)) {
      all_.routing.attempts = static_cast<unsigned>(*value) + 1;
      set(at, "attempts");
    }
  }
  void allowed_fails(const spot& at) {
    if (const auto value = say_.count(at, max_fails)) {
      all_.routing.cell.failures = static_cast<unsigned>(*value) + 1;
      set(at, "cell.failures");
    }
  }
  void cooldown(const spot& at);
  void retry_after(const spot& at) {
    if (const auto value = say_.seconds(at); value && value->count() > 0)
      say_.note(at, "no pause is made while another deployment can answer; else the backend's "
                    "Retry-After counts");
  }
  void retry_policy(const spot& at);
  void allowed_fails_policy(const spot& at);
  void timeout(const spot& at) {
    rules_.total = say_.seconds(at);
    total_at_ = at;
  }
  void stream_timeout(const spot& at) { rules_.first_token = say_.seconds(at); }
  void max_fallbacks(const spot& at) {
    if (const auto value = say_.count(at, max_retries)) {
      all_.routing.hops = static_cast<unsigned>(*value);
      set(at, "hops");
    }
  }
  void max_parallel(const spot& at) {
    rules_.max_requests =
        static_cast<unsigned>(say_.count(at, std::numeric_limits<unsigned>::max()).value_or(0));
  }
  void pre_call_checks(const spot& at) {
    if (!say_.flag(at).value_or(true))
      say_.warn(at, "whether a prompt fits is always looked at");
  }
  void tag_filtering(const spot& at) { rules_.tags = say_.flag(at).value_or(false); }
  void any_tag(const spot& at) {
    any_tag_ = say_.flag(at);
    any_tag_at_ = at;
  }
  void invalid_deployments(const spot& at) {
    if (say_.flag(at).value_or(false))
      say_.warn(at, "an entry of model_list that is wrong is an error");
  }
  void fallbacks(const spot& at) { read_rules(at, rules_.any); }
  void context_fallbacks(const spot& at) { read_rules(at, rules_.context); }
  void policy_fallbacks(const spot& at) { read_rules(at, rules_.policy); }
  void default_fallbacks(const spot& at) {
    if (auto names = say_.texts(at, max_others))
      rules_.defaults.push_back({at, "", std::move(*names)});
  }
  void aliases(const spot& at);
  void alias(const spot& at);
  void read_rules(const spot& at, std::vector<fallback_rule>& into);
  void read_rule_map(const spot& at, std::vector<fallback_rule>& into);
  void finish();

  fragment& all_;
  context& say_;
  router_rules rules_;
  std::optional<spot> total_at_;
  std::optional<bool> any_tag_;
  spot any_tag_at_;
};

std::span<const router_reader::row> router_reader::table() {
  using self = router_reader;
  static constexpr auto rows = std::to_array<row>({
      {"routing_strategy", &self::strategy},
      {"num_retries", &self::retries},
      {"allowed_fails", &self::allowed_fails},
      {"cooldown_time", &self::cooldown},
      {"retry_after", &self::retry_after},
      {"retry_policy", &self::retry_policy},
      {"allowed_fails_policy", &self::allowed_fails_policy},
      {"timeout", &self::timeout},
      {"request_timeout", &self::timeout},
      {"stream_timeout", &self::stream_timeout},
      {"max_fallbacks", &self::max_fallbacks},
      {"default_max_parallel_requests", &self::max_parallel},
      {"enable_pre_call_checks", &self::pre_call_checks},
      {"enable_tag_filtering", &self::tag_filtering},
      {"tag_filtering_match_any", &self::any_tag},
      {"ignore_invalid_deployments", &self::invalid_deployments},
      {"fallbacks", &self::fallbacks},
      {"context_window_fallbacks", &self::context_fallbacks},
      {"content_policy_fallbacks", &self::policy_fallbacks},
      {"default_fallbacks", &self::default_fallbacks},
      {"model_group_alias", &self::aliases},
  });
  return rows;
}

void router_reader::strategy(const spot& at) {
  const auto name = say_.text(at);
  if (!name)
    return;
  std::vector<std::string_view> known;
  for (const strategy_row& one : strategies) {
    if (one.name == *name) {
      rules_.strategy = one.ours;
      return;
    }
    known.push_back(one.name);
  }
  say_.refuse(at, "unknown strategy", nearest(*name, known));
}

void router_reader::cooldown(const spot& at) {
  const auto value = say_.seconds(at);
  if (!value || value->count() == 0)
    return;
  cell_settings& cell = all_.routing.cell;
  cell.cooldown = *value;
  set(at, "cell.cooldown");
  if (cell.max_cooldown < cell.cooldown) {
    cell.max_cooldown = cell.cooldown;
    set(at, "cell.max_cooldown");
  }
}

void router_reader::retry_policy(const spot& at) {
  if (!say_.expect_map(at))
    return;
  for (const yaml_entry& entry : at.node->entries) {
    const spot one = at.at(entry);
    const failure_row* failure = failure_of(entry.key, "Retries");
    if (failure == nullptr) {
      say_.warn_unknown(one, "unknown key, which does nothing here", {});
      continue;
    }
    const auto value = say_.count(one, max_retries);
    if (!value)
      continue;
    if (failure->kind == failure_kind::client && *value > 0)
      say_.warn(one, "what the client got wrong is not sent again");
    else if (failure->kind != failure_kind::client)
      say_.warn(one, "attempts are not counted by the kind of failure; num_retries counts for all");
  }
}

void router_reader::allowed_fails_policy(const spot& at) {
  if (!say_.expect_map(at))
    return;
  for (const yaml_entry& entry : at.node->entries) {
    const spot one = at.at(entry);
    const failure_row* failure = failure_of(entry.key, "AllowedFails");
    if (failure == nullptr) {
      say_.warn_unknown(one, "unknown key, which does nothing here", {});
      continue;
    }
    if (!say_.count(one, max_fails))
      continue;
    switch (failure->kind) {
    case failure_kind::client:
      say_.warn(one, "what the client got wrong never takes a deployment out");
      break;
    case failure_kind::key:
      say_.warn(one, "a key that is refused takes the deployment out at once");
      break;
    case failure_kind::rate:
      say_.warn(one, "a deployment that is asked too often is left alone as long as it says");
      break;
    case failure_kind::server:
      say_.warn(one, "failures are not counted by their kind; allowed_fails counts for all");
      break;
    }
  }
}

void router_reader::read_rules(const spot& at, std::vector<fallback_rule>& into) {
  if (at.is_map())
    return read_rule_map(at, into);
  if (at.is_null())
    return;
  if (!at.is_list() || at.node->items.size() > max_rules) {
    say_.refuse(at, "must be a list of maps such as {name: [other]}");
    return;
  }
  for (std::size_t i = 0; i < at.node->items.size(); ++i) {
    const spot one = at.at(i);
    if (one.is_map())
      read_rule_map(one, into);
    else
      say_.refuse(one, "must be a map such as {name: [other]}");
  }
}

void router_reader::read_rule_map(const spot& at, std::vector<fallback_rule>& into) {
  for (const yaml_entry& entry : at.node->entries) {
    const spot one = at.at(entry);
    if (into.size() >= max_rules || entry.key.size() > longest_name) {
      say_.refuse(at, "must not have more than " + std::to_string(max_rules) +
                          " names of at most " + std::to_string(longest_name) + " bytes");
      return;
    }
    if (auto names = say_.texts(one, max_others))
      into.push_back({one, entry.key, std::move(*names)});
  }
}

void router_reader::aliases(const spot& at) {
  if (!say_.expect_map(at))
    return;
  if (at.node->entries.size() > max_rules) {
    say_.refuse(at, "must not have more than " + std::to_string(max_rules) + " entries");
    return;
  }
  for (const yaml_entry& entry : at.node->entries)
    alias(at.at(entry));
}

void router_reader::alias(const spot& at) {
  static constexpr std::array<std::string_view, 2> known{"model", "hidden"};
  alias_rule rule{at, at.name, "", false};
  if (!at.is_map()) {
    rule.model = say_.text(at).value_or("");
  } else {
    for (const yaml_entry& entry : at.node->entries) {
      const spot one = at.at(entry);
      if (entry.key == "model")
        rule.model = say_.text(one).value_or("");
      else if (entry.key == "hidden")
        rule.hidden = say_.flag(one).value_or(false);
      else if (!say_.is_full())
        say_.warn_unknown(one, "unknown key, which does nothing here", known);
    }
  }
  if (rule.model.empty() || rule.name.empty() || rule.name.size() > longest_name)
    say_.refuse(at, "must name a model of model_list");
  else
    rules_.aliases.push_back(std::move(rule));
}

void router_reader::finish() {
  if (rules_.tags) {
    all_.routing.any_tag = any_tag_.value_or(true);
    all_.places.emplace("routing.any_tag", any_tag_at_.where());
  } else if (any_tag_) {
    say_.warn(any_tag_at_, "does nothing without enable_tag_filtering");
  }
  if (rules_.total && *rules_.total > all_.routing.deadline) {
    all_.routing.deadline = *rules_.total;
    set(*total_at_, "deadline");
  }
}

} // namespace

router_rules read_router(const document& from, fragment& all, context& say) {
  return router_reader{all, say}.run(from);
}

} // namespace synapse::config::litellm
