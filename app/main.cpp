#include "app/application.hpp"
#include "app/options.hpp"
#include "app/process/probe.hpp"
#include "app/version.hpp"
#include "config/litellm/native_text.hpp"
#include "config/loader.hpp"
#include "config/print/describe.hpp"
#include "config/text/config_error.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <unistd.h>
#include <vector>

namespace {

/// A file that cannot be used stops a start, but not the gateway that runs: the environment and the
/// defaults say where it listens then. Warnings were told at its start, and keys for backends need
/// not be in the environment of who asks.
int probe(const synapse::config::environment& variables, const synapse::app::options& options) {
  using namespace synapse;
  const auto from = config::origins_of(variables, options.config_path, options.litellm);
  // A file of LiteLLM's says nothing about where the gateway listens.
  const auto loaded = from.file.empty() ? config::load_result{.value = config::settings{}}
                                        : config::load_file(from.file);
  config::settings all = loaded ? *loaded.value : config::settings{};
  (void)config::apply_environment(variables, all);
  const auto problem = app::probe(all.listener, options.probe_path);
  if (problem.empty())
    return 0;
  std::fprintf(stderr, "synapse: %s%s\n", problem.c_str(),
               loaded ? ""
                      : " (the configuration cannot be used: see synapse --check-config FILE)");
  return 1;
}

/// A file of LiteLLM's alone is shown as one of our own, ready to be saved.
void print(const synapse::config::load_result& loaded, const synapse::config::origins& from) {
  using namespace synapse;
  if (!from.file.empty())
    std::fputs(config::render_summary(*loaded.value, loaded.derived_routes).c_str(), stdout);
  if (loaded.litellm)
    std::fputs(config::litellm::render_native(*loaded.litellm).c_str(), stdout);
}

/// Exit statuses: 0 well ended, 1 runtime failure, 2 wrong usage or configuration.
int run(int argc, char** argv) {
  using namespace synapse;
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto options = app::parse_options(arguments);
  switch (options.what) {
  case app::options::action::help:
    std::fputs(app::help_text().c_str(), stdout);
    return 0;
  case app::options::action::version:
    std::printf("synapse %s\n", std::string{app::version}.c_str());
    return 0;
  case app::options::action::refuse:
    std::fprintf(stderr, "synapse: %s; see synapse --help\n", options.problem.c_str());
    return 2;
  default:
    break;
  }
  const auto variables = config::environment_from(::environ);
  if (options.what == app::options::action::probe)
    return probe(variables, options);
  const auto from = config::origins_of(variables, options.config_path, options.litellm);
  const auto loaded = config::load(from, variables);
  const bool check = options.what == app::options::action::check_config;
  // What stops nothing goes into the log, where more people look.
  if (!loaded || check)
    std::fputs(config::render_with_levels(loaded.problems).c_str(), stderr);
  if (!loaded)
    return 2;
  if (check) {
    print(loaded, from);
    return 0;
  }
  app::application application{loaded, from, variables, options.port_file};
  return application.run();
}

} // namespace

int main(int argc, char** argv) {
  // A reader of the access log that goes away ends the log, not the gateway.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "synapse: %s\n", error.what());
    return 1;
  }
}
