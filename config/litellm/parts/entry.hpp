/// @file
/// One entry of `model_list`.
#pragma once

#include "config/litellm/parts/backends.hpp"
#include "config/litellm/text/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace synapse::config::litellm {

/// An entry as far as it can be understood alone. The rest depends on those of the same name.
struct model_entry {
  spot at;
  std::string name;     ///< `model_name`
  bool is_good = false; ///< else the rest says nothing
  deployment_settings what;
  std::optional<double> weight;
  std::optional<std::uint64_t> order;
  std::optional<milliseconds> total;
  std::optional<milliseconds> first_token;
  std::vector<std::string> from_environment; ///< `headers.X` and `defaults.y` whose values are
};

/// Reads entries; their backends are made in `pool`. @param credentials entries of
/// `credential_list`.
class entry_reader {
public:
  entry_reader(const std::vector<spot>& credentials, backend_pool& pool, context& say);

  /// What is wrong with it was reported.
  model_entry read(const spot& entry);

private:
  struct credential {
    std::string name;
    spot values;
    bool is_good = false;
  };

  bool finish(model_entry& into, const spot& params);
  std::vector<spot> effective(const spot& params);
  void read_credential(const spot& at);

  std::vector<credential> credentials_;
  backend_pool& pool_;
  context& say_;
};

} // namespace synapse::config::litellm
