#include "config/rules/fallback_rules.hpp"

#include "config/catalog/catalog_limits.hpp"
#include "config/rules/name_index.hpp"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

namespace synapse::config {

namespace {

class fallback_rules {
public:
  fallback_rules(report& out, const settings& all) : out_(out), all_(all) {
    for (const catalog_model& model : all.catalog) {
      known_.push_back(model.name);
      known_.insert(known_.end(), model.aliases.begin(), model.aliases.end());
    }
  }

  void check() {
    next_.resize(all_.catalog.size());
    lists("any", all_.fallbacks.any);
    lists("context", all_.fallbacks.context);
    lists("policy", all_.fallbacks.policy);
    defaults();
    ways();
  }

private:
  /// Longest way from a name, in hops; the name after it on that way.
  struct way {
    enum { unseen, open, done } state = unseen;
    std::size_t hops = 0;
    std::optional<std::size_t> next;
  };

  /// Position of what `name` is resolved to; many lists have the same names.
  std::optional<std::size_t> resolve(std::string_view name) {
    const auto [found, fresh] = resolved_.try_emplace(name);
    if (fresh)
      found->second = index_.resolve(name);
    return found->second;
  }

  void lists(const std::string& kind, const name_lists& all) {
    if (all.size() > max_names)
      return out_.add("fallbacks." + kind,
                      "must not have more than " + std::to_string(max_names) + " entries");
    for (const auto& [name, targets] : all) {
      const std::string key = "fallbacks." + kind + "." + name;
      const auto from = index_.named(name);
      if (const auto meant = index_.aliased(name); !from && meant)
        out_.add(key, "is an alias; write the name itself", all_.catalog[*meant].name);
      else if (!from)
        out_.add(key, "is no name of the catalog", out_.near(name, known_));
      list(key, from, targets);
    }
  }

  /// `from` is nothing for the default of all names.
  void list(const std::string& key, std::optional<std::size_t> from,
            const std::vector<std::string>& targets) {
    if (targets.size() > max_fallbacks)
      return out_.add(key, "must not have more than " + std::to_string(max_fallbacks) + " entries");
    if (targets.size() > all_.routing.hops)
      out_.warn(key, "has " + std::to_string(targets.size()) + " names, but a request goes over " +
                         std::to_string(all_.routing.hops) + " at most (routing.hops)");
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const std::string item = key + "[" + std::to_string(i) + "]";
      if (const auto to = target(item, from, targets[i]); to && from)
        next_[*from].insert(*to);
      if (!seen.insert(targets[i]).second)
        out_.add(item, quote(targets[i]) + " stands there already");
    }
  }

  std::optional<std::size_t> target(const std::string& key, std::optional<std::size_t> from,
                                    const std::string& name) {
    if (name.find_first_not_of(" \t") == std::string::npos) {
      out_.add(key, "must not be empty");
      return std::nullopt;
    }
    const auto to = resolve(name);
    if (name.find('*') != std::string::npos)
      out_.add(key, "must be one name; " + quote(name) + " stands for many");
    else if (!to)
      out_.add(key, "is no name of the catalog: " + quote(name), out_.near(name, known_));
    else if (from == to && !all_.catalog[*to].is_pattern())
      out_.add(key, "a name must not fall back to itself");
    else if (from != to) // within one pattern other names are meant
      return to;
    return std::nullopt;
  }

  void defaults() {
    const auto& names = all_.fallbacks.defaults;
    list("fallbacks.default", std::nullopt, names);
    std::set<std::size_t> last;
    for (const std::string& name : names)
      if (const auto to = resolve(name))
        last.insert(*to);
    // Names of the default itself end there.
    for (std::size_t i = 0; i < next_.size(); ++i)
      if (!last.contains(i))
        next_[i].insert(last.begin(), last.end());
  }

  void ways() {
    ways_.resize(next_.size());
    std::size_t longest = 0;
    for (std::size_t i = 0; i < next_.size(); ++i) {
      if (!follow(i))
        return;
      if (ways_[i].hops > ways_[longest].hops)
        longest = i;
    }
    if (next_.empty() || ways_[longest].hops <= all_.routing.hops)
      return;
    std::string text = all_.catalog[longest].name;
    for (auto next = ways_[longest].next; next; next = ways_[*next].next)
      text += arrow + all_.catalog[*next].name;
    out_.warn("fallbacks", "the way " + shortened(text) +
                               " is longer than routing.hops, which is " +
                               std::to_string(all_.routing.hops));
  }

  /// False, and said, when a way from `at` leads back to itself.
  bool follow(std::size_t at) {
    ways_[at].state = way::open;
    path_.push_back(at);
    for (const std::size_t to : next_[at]) {
      if (ways_[to].state == way::open) {
        report_cycle(to);
        return false;
      }
      if (ways_[to].state == way::unseen && !follow(to))
        return false;
      if (ways_[to].hops + 1 > ways_[at].hops) {
        ways_[at].hops = ways_[to].hops + 1;
        ways_[at].next = to;
      }
    }
    path_.pop_back();
    ways_[at].state = way::done;
    return true;
  }

  void report_cycle(std::size_t begin) {
    std::string text;
    const auto first = std::find(path_.begin(), path_.end(), begin);
    for (auto one = first; one != path_.end(); ++one)
      text += all_.catalog[*one].name + arrow;
    out_.add(key_of(*first), "leads in a circle: " + shortened(text + all_.catalog[begin].name));
  }

  /// Where the file says what `from` falls back to.
  std::string key_of(std::size_t from) const {
    const std::string& name = all_.catalog[from].name;
    const fallback_settings& lists = all_.fallbacks;
    for (const auto& [kind, one] :
         {std::pair{"any", &lists.any}, {"context", &lists.context}, {"policy", &lists.policy}})
      if (one->contains(name))
        return std::string{"fallbacks."} + kind + "." + name;
    return "fallbacks.default";
  }

  static std::string shortened(const std::string& text) {
    return text.size() <= max_text ? text : text.substr(0, max_text) + " …";
  }

  static constexpr const char* arrow = " → ";

  report& out_;
  const settings& all_;
  const name_index index_{all_.catalog};
  std::vector<std::string_view> known_;
  std::unordered_map<std::string_view, std::optional<std::size_t>> resolved_;
  std::vector<std::set<std::size_t>> next_; ///< of each name of the catalog
  std::vector<way> ways_;
  std::vector<std::size_t> path_;
};

} // namespace

void check_fallbacks(report& out, const settings& all) {
  if (all.routing.cell.max_cooldown < all.routing.cell.cooldown)
    out.add("routing.cell.max_cooldown", "must not be shorter than cell.cooldown");
  fallback_rules{out, all}.check();
}

} // namespace synapse::config
