#include "telemetry/process_metrics.hpp"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace synapse::telemetry {

namespace {

/// Seconds since 1970 at which the machine started.
double boot_seconds() {
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);)
    if (line.starts_with("btime "))
      return static_cast<double>(std::strtoull(line.c_str() + 6, nullptr, 10));
  return 0;
}

} // namespace

std::uint64_t resident_memory_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_file_descriptors() {
  struct stat status {};
  // Since Linux 6.2 the size of the directory is the number of its entries: no walk over thousands.
  if (::stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
    return static_cast<std::uint64_t>(status.st_size);
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error)
    return 0;
  std::uint64_t count = 0;
  for (auto end = std::filesystem::directory_iterator(); entries != end; entries.increment(error)) {
    if (error)
      break;
    ++count;
  }
  return count > 0 ? count - 1 : 0; // one was the walk's own
}

double process_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double process_start_seconds() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  // The second field is the program's name and may hold anything, also blanks and parentheses.
  auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos)
    return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field)
    fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  auto boot = boot_seconds();
  return boot > 0 ? boot + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)) : 0;
}

std::vector<callback_registration> register_process_metrics(metric_registry& registry) {
  std::vector<callback_registration> all;
  auto add = [&](std::string_view name, std::string_view help, metric_kind kind, auto read) {
    all.push_back(registry.callback(name, help, kind, {}, [read](const sample_writer& write) {
      write({}, static_cast<double>(read()));
    }));
  };
  add("process_resident_memory_bytes", "Resident memory.", metric_kind::gauge,
      resident_memory_bytes);
  add("process_open_fds", "Open file descriptors.", metric_kind::gauge, open_file_descriptors);
  add("process_cpu_seconds_total", "Processor time used.", metric_kind::counter,
      process_cpu_seconds);
  add("process_start_time_seconds", "Start of the process, in seconds since 1970.",
      metric_kind::gauge, [start = process_start_seconds()] { return start; });
  return all;
}

} // namespace synapse::telemetry
