#include "app/options.hpp"

#include "config/print/describe.hpp"
#include "config/text/config_error.hpp"

#include <array>

namespace synapse::app {

namespace {
constexpr std::array<std::string_view, 7> known{
    "--check-config", "--config", "--help", "--litellm", "--port-file", "--probe", "--version"};

options refuse(std::string problem) {
  options result;
  result.what = options::action::refuse;
  result.problem = std::move(problem);
  return result;
}
} // namespace

options parse_options(std::span<const std::string_view> arguments) {
  options result;
  bool is_bare = false; // --check-config without a file
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto name = arguments[i];
    std::optional<std::string> value;
    if (const auto equals = name.find('='); equals != std::string_view::npos && equals > 2) {
      value = std::string{name.substr(equals + 1)};
      name = name.substr(0, equals);
    }
    const auto needs_value = [&]() -> bool {
      if (!value && i + 1 < arguments.size())
        value = std::string{arguments[++i]};
      return value.has_value() && !value->empty();
    };
    if (name == "--help" || name == "-h") {
      result.what = options::action::help;
      return result;
    }
    if (name == "--version" || name == "-v") {
      result.what = options::action::version;
      return result;
    }
    // The file that is checked may be LiteLLM's alone.
    if (name == "--check-config" && !value &&
        (i + 1 == arguments.size() || arguments[i + 1].starts_with("--litellm"))) {
      result.what = options::action::check_config;
      is_bare = true;
      continue;
    }
    if (name == "--check-config" || name == "--config" || name == "--port-file" ||
        name == "--litellm") {
      if (!needs_value())
        return refuse(std::string{name} + " needs a file name");
      if (name == "--port-file") {
        result.port_file = *value;
      } else if (name == "--litellm") {
        result.litellm = *value;
      } else {
        result.config_path = *value;
        if (name == "--check-config")
          result.what = options::action::check_config;
      }
      continue;
    }
    if (name == "--probe") {
      if (!value && i + 1 < arguments.size() && !arguments[i + 1].starts_with("--"))
        value = std::string{arguments[++i]};
      if (value && *value != "livez" && *value != "readyz")
        return refuse("--probe asks livez or readyz, not " + config::quote(*value));
      result.what = options::action::probe;
      result.probe_path = "/" + value.value_or("readyz");
      continue;
    }
    std::string problem = "unknown argument " + config::quote(arguments[i]);
    if (const auto near = config::nearest(name, known); !near.empty())
      problem += " (did you mean " + near + "?)";
    return refuse(problem);
  }
  if (is_bare && !result.litellm)
    return refuse("--check-config needs a file name");
  return result;
}

std::string help_text() {
  return "synapse: one endpoint in front of the AI services of a cluster\n"
         "\n"
         "  synapse [--config FILE] [--litellm FILE] [--port-file FILE]\n"
         "                                               run the gateway\n"
         "  synapse --check-config FILE                  check a configuration and show it\n"
         "  synapse --check-config --litellm FILE        show it as a file of Synapse's own\n"
         "  synapse --probe [livez|readyz] [--config FILE]\n"
         "                                               ask the gateway that runs here how it is\n"
         "  synapse -v | --version\n"
         "  synapse -h | --help\n"
         "\n"
         "  --config FILE     backend registry; goes before SYNAPSE_GATEWAY_CONFIG_PATH\n"
         "  --litellm FILE    models of a LiteLLM proxy's config.yaml, besides what --config has\n"
         "                    without --config it is the whole configuration\n"
         "  --port-file FILE  write the port that is listened on into FILE once it is open\n"
         "\n"
         "--probe is a health check: status 0 when the gateway answers 200 (to readyz unless\n"
         "livez is named), 1 with a line why when it does not within 3 seconds. It looks for the\n"
         "gateway where the same configuration and environment make it listen.\n"
         "\n"
         "Signals: SIGHUP reads the configuration and the certificates anew; SIGTERM and SIGINT\n"
         "drain and end, a second one ends at once.\n"
         "\n" +
         config::environment_help();
}

} // namespace synapse::app
