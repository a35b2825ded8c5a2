/// @file
/// From method and path to handler.
#pragma once

#include "http/core/local_reply.hpp"
#include "http/net/task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synapse::telemetry {
class route_metrics;
}

namespace synapse::server {

class exchange;

using handler = std::function<net::task<void>(exchange&)>;

/// Who may call a route. Every route has to say it.
enum class access {
  open,      ///< everybody who reaches the listener
  dashboard, ///< behind the dashboard's token
};

/// What a page of another origin, which `cors.origins` does not name, may cause by a GET. Anything
/// else it may not, see origin_policy.
enum class foreign_use {
  nothing, ///< it costs work, or could be told apart by what it does
  links,   ///< a page of ours: people follow links to it
  all,     ///< it costs next to nothing; the page cannot read it anyway
};

struct route {
  std::string method;   ///< GET serves HEAD too
  std::string path;     ///< "/models/{id}/profile": {name} stands for one segment
  bool slashes = false; ///< its one parameter stands for one or more segments
  access who = access::open;
  foreign_use foreign = foreign_use::nothing;
  bool any_name = false; ///< whatever Host says: orchestrators have names of their own for us
  handler handle;
  telemetry::route_metrics* metrics = nullptr;
  /// The envelope of its errors; none: that of its path, see http::dialect_of.
  std::optional<http::error_dialect> errors;
  /// Its handler speaks another protocol after a 101: a client may ask for that (RFC 9110 section
  /// 7.8).
  bool upgrades = false;
  /// A request of people, as opposed to what the dashboard and probes ask on their own.
  bool is_traffic = true;
};

struct path_parameter {
  std::string_view name;
  std::string_view value; ///< as received, not percent-decoded
};

struct route_match {
  const route* found = nullptr;
  std::string allow; ///< methods of the path when only the method did not fit
  std::vector<path_parameter> parameters;
};

/// Filled once before the threads start, then only read.
class route_table {
public:
  /// @pre no route with this method and path yet.
  void add(route entry);

  /// Looks a request up. A static path wins over one with parameters.
  route_match match(std::string_view method, std::string_view path) const;

  /// Serves paths that no route has (configured pass-through); null: 404.
  void set_fallback(route entry) { fallback_ = std::make_unique<route>(std::move(entry)); }
  const route* fallback() const noexcept { return fallback_.get(); }

  const std::vector<std::unique_ptr<route>>& all() const noexcept { return routes_; }

private:
  struct pattern {
    std::vector<std::string> segments; ///< "{}" prefixed ones are parameters
    bool slashes = false;
    /// Of one with slashes: its parameter, and what is around it. Parts of its first route's path.
    std::string_view name, front, back;
    std::vector<const route*> routes;
  };
  static bool matches_with_slashes(const pattern& wanted, std::string_view path,
                                   std::vector<path_parameter>& parameters);
  struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::vector<std::unique_ptr<route>> routes_;
  std::unique_ptr<route> fallback_;
  std::unordered_map<std::string, std::vector<const route*>, string_hash, std::equal_to<>> exact_;
  std::vector<pattern> patterns_;
};

} // namespace synapse::server
