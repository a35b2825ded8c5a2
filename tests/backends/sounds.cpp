#include "tests/backends/sounds.hpp"

#include "backends/engine/media.hpp"
#include "backends/engine/private_folder.hpp"
#include "backends/engine/subprocess.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <numbers>
#include <random>
#include <stdexcept>

namespace synapse::backends::test {

namespace {

constexpr std::string_view boundary = "----a-boundary-of-the-tests";

} // namespace

const std::string& spoken(const std::string& voice, const std::string& text) {
  static std::map<std::pair<std::string, std::string>, std::string> made;
  auto& out = made[{voice, text}];
  if (!out.empty())
    return out;
  private_folder folder;
  stop_signal never;
  program_call call;
  call.program = find_program("flite");
  call.arguments = {"-voice", voice, "-t", text, "-o", folder.file("out.wav")};
  auto result = run_program(call, never);
  if (!result.good())
    throw std::runtime_error("flite " + result.reason());
  return out = read_file(folder.file("out.wav"));
}

sound heard(const std::string& bytes, unsigned rate) {
  private_folder folder;
  stop_signal never;
  engine_programs programs;
  write_file(folder.file("in"), bytes);
  return media(programs, never).decode(folder.file("in"), rate);
}

sound joined(const std::vector<sound>& parts) {
  auto out = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i)
    out.samples.insert(out.samples.end(), parts[i].samples.begin(), parts[i].samples.end());
  return out;
}

sound tone(double hz, double seconds, unsigned rate) {
  sound out;
  out.rate = rate;
  out.samples.resize(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < out.samples.size(); ++i)
    out.samples[i] = static_cast<float>(
        0.3 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  return out;
}

sound with_noise(sound from, float amplitude) {
  std::mt19937 source{1};
  std::normal_distribution<float> noise{0, amplitude};
  for (auto& each : from.samples)
    each += noise(source);
  return from;
}

double signal_to_noise(const sound& clean, const sound& noisy) {
  auto size = std::min(clean.samples.size(), noisy.samples.size());
  auto most = clean.rate / 200;
  double best = -1e9;
  for (std::size_t shift = 0; shift < most; ++shift) {
    double signal = 0;
    double product = 0;
    double power = 0;
    for (std::size_t i = 0; i + most < size; i += 5) {
      const double a = clean.samples[i];
      const double b = noisy.samples[i + shift];
      signal += a * a;
      product += a * b;
      power += b * b;
    }
    // The part of the noisy sound that is the clean one, against the rest of it.
    auto kept = product * product / signal;
    best = std::max(best, 10 * std::log10(kept / (power - kept)));
  }
  return best;
}

filled_form& filled_form::file(std::string_view name, std::string_view filename,
                               std::string_view bytes) {
  parts_.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"");
  parts_.append(name).append("\"; filename=\"").append(filename);
  parts_.append("\"\r\nContent-Type: application/octet-stream\r\n\r\n").append(bytes);
  parts_.append("\r\n");
  return *this;
}

filled_form& filled_form::field(std::string_view name, std::string_view value) {
  parts_.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"");
  parts_.append(name).append("\"\r\n\r\n").append(value).append("\r\n");
  return *this;
}

answer filled_form::post(std::uint16_t port, std::string_view target,
                         std::vector<std::string> fields) const {
  raw_client client{port};
  send(client, target, std::move(fields));
  return client.read_answer();
}

void filled_form::send(raw_client& client, std::string_view target,
                       std::vector<std::string> fields) const {
  fields.push_back("Content-Type: multipart/form-data; boundary=" + std::string(boundary));
  client.send_request("POST", target, parts_ + "--" + std::string(boundary) + "--\r\n", fields);
}

watched_folder::watched_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "synapse-test-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("no temporary folder");
  root_ = pattern;
  path_ = root_ / "temporary";
  std::filesystem::create_directory(path_);
}

watched_folder::~watched_folder() {
  EXPECT_TRUE(empty()) << "something was left in " << path_;
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string watched_folder::script(const std::string& name, const std::string& text) {
  auto path = (root_ / name).string();
  write_file(path, "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

} // namespace synapse::backends::test
