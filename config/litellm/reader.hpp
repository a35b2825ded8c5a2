/// @file
/// A LiteLLM configuration → our own settings.
#pragma once

#include "config/environment.hpp"
#include "config/litellm/fragment.hpp"
#include "config/text/config_error.hpp"

#include <string>
#include <string_view>

namespace synapse::config::litellm {

/// Reads `text`, which `file_name` names in problems. Everything that is wrong is reported at once,
/// and a warning for each key that does not do what it does in LiteLLM; where there is an error the
/// fragment holds what could be understood. @param variables the environment, for `os.environ/NAME`
/// and the variables that LiteLLM takes keys and addresses from by itself. @param files reads what
/// the file includes, by path. Pure but for `files`; any thread. Throws nothing but std::bad_alloc.
fragment read(std::string_view text, const std::string& file_name, const environment& variables,
              const file_reader& files, problem_list& problems);

} // namespace synapse::config::litellm
