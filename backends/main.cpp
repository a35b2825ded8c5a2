#include "backends/backend_host.hpp"
#include "backends/options.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <pthread.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

using namespace synapse::backends;

// Written beside and renamed, so that a reader never sees half a file.
std::string write_ports(const backend_host& host, const std::string& path) {
  nlohmann::json ports = nlohmann::json::object();
  for (const auto& service : host.services())
    ports[service] = host.port(service);
  auto beside = path + "." + std::to_string(getpid()) + ".tmp";
  {
    std::ofstream out(beside, std::ios::trunc);
    out << ports.dump() << '\n';
    if (!out.flush())
      return "cannot write " + beside;
  }
  std::error_code code;
  std::filesystem::rename(beside, path, code);
  return code ? "cannot write " + path + ": " + code.message() : std::string();
}

int run(command_line wanted) {
  // Blocked before any thread starts, so that only the wait below takes them.
  sigset_t endings;
  sigemptyset(&endings);
  sigaddset(&endings, SIGINT);
  sigaddset(&endings, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  if (wanted.log)
    wanted.host.log = [](const std::string& line) { std::cerr << line + "\n"; };
  backend_host host{std::move(wanted.host)};
  auto problem = host.start();
  if (problem.empty() && !wanted.ports_file.empty())
    problem = write_ports(host, wanted.ports_file);
  if (!problem.empty()) {
    std::cerr << "synapse-backends: " << problem << '\n';
    return 1;
  }
  for (const auto& service : host.services())
    std::cout << service << " ready on " << host.url(service) << std::endl;
  for (const auto& notice : host.notices())
    std::cerr << "synapse-backends: " << notice << std::endl;
  int received = 0;
  sigwait(&endings, &received);
  host.stop();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto wanted = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
    switch (wanted.what) {
    case command_line::action::help:
      std::cout << help_text();
      return 0;
    case command_line::action::version:
      std::cout << "synapse-backends " << SYNAPSE_VERSION << '\n';
      return 0;
    case command_line::action::refuse:
      std::cerr << "synapse-backends: " << wanted.problem << '\n';
      return 2;
    case command_line::action::run:
      return run(std::move(wanted));
    }
  } catch (const std::exception& error) {
    std::cerr << "synapse-backends: " << error.what() << '\n';
  }
  return 1;
}
