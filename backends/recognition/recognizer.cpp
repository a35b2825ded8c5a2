#include "backends/recognition/recognizer.hpp"

#include "backends/engine/private_folder.hpp"
#include "backends/engine/subprocess.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

namespace synapse::backends {

namespace {

constexpr double pause = 0.35; // seconds between two words that end a segment

double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

// A line `word start end probability`; hypotheses are lines of words alone.
std::optional<heard_word> read_word(const std::string& line) {
  std::istringstream fields(line);
  heard_word out;
  std::string more;
  if (!(fields >> out.text >> out.start >> out.end >> out.probability) || fields >> more)
    return std::nullopt;
  out.probability = std::clamp(rounded(out.probability, 10000), 0.0, 1.0);
  return out;
}

bool is_filler(const std::string& text) {
  return text.starts_with('<') || text.starts_with('[') || text.starts_with("++");
}

// `hello(2)` is the second pronunciation of hello.
void merge_pronunciations(std::string& text) {
  auto at = text.rfind('(');
  if (at != std::string::npos && at > 0 && text.ends_with(')'))
    text.resize(at);
}

} // namespace

std::string heard_segment::text() const {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : " ") + word.text;
  return out;
}

std::string transcript::text() const {
  std::string out;
  for (const auto& segment : segments)
    out += (out.empty() ? "" : " ") + segment.text();
  return out;
}

double transcript::confidence() const {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& segment : segments)
    for (const auto& word : segment.words) {
      sum += word.probability;
      ++count;
    }
  return count == 0 ? 0 : rounded(sum / static_cast<double>(count), 10000);
}

std::vector<heard_segment> read_hypotheses(std::string_view printed) {
  std::vector<heard_segment> out;
  std::istringstream lines{std::string(printed)};
  bool begins = true;
  for (std::string line; std::getline(lines, line);) {
    auto word = read_word(line);
    if (!word || word->text == "<s>") {
      begins = true;
      continue;
    }
    if (is_filler(word->text))
      continue;
    merge_pronunciations(word->text);
    if (begins || word->start - out.back().words.back().end > pause)
      out.emplace_back();
    begins = false;
    out.back().words.push_back(std::move(*word));
  }
  return out;
}

transcript recognize(const std::string& file, const engine_programs& programs,
                     const stop_signal& stop) {
  constexpr unsigned rate = 16000;
  auto recording = media(programs, stop).decode(file, rate);
  transcript out;
  out.duration = rounded(recording.seconds(), 1000);
  private_folder folder{programs.temporary};
  auto raw = folder.file("speech.raw");
  write_file(raw, to_pcm16(recording.samples));
  program_call call;
  call.program = find_program(programs.recognizer);
  if (call.program.empty())
    throw engine_error("missing program: " + programs.recognizer);
  const auto& model = programs.speech_model;
  call.arguments = {"-infile", raw,
                    "-time",   "yes",
                    "-logfn",  "/dev/null",
                    "-hmm",    model / "en-us",
                    "-lm",     model / "en-us.lm.bin",
                    "-dict",   model / "cmudict-en-us.dict"};
  call.limit = programs.limit;
  auto result = run_program(call, stop);
  if (!result.good())
    throw engine_error(programs.recognizer + " " + result.reason());
  out.segments = read_hypotheses(result.output);
  return out;
}

} // namespace synapse::backends
