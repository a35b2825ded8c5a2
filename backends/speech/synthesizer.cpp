#include "backends/speech/synthesizer.hpp"

#include "backends/dsp/pitch.hpp"
#include "backends/engine/media.hpp"
#include "backends/engine/private_folder.hpp"
#include "backends/engine/subprocess.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace synapse::backends {

namespace {

const spoken_language* find_language(std::string_view code) {
  const auto& all = spoken_languages();
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const spoken_language& each) { return each.code == code; });
  return found == all.end() ? nullptr : &*found;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// Typographic signs as flite knows them; control characters mean things to the engines.
std::string plain(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> signs{{
      {"\u2018", "'"},
      {"\u2019", "'"},
      {"\u201c", "\""},
      {"\u201d", "\""},
      {"\u2013", "-"},
      {"\u2014", " - "},
      {"\u2026", "..."},
      {"\u00a0", " "},
  }};
  for (const auto& [sign, usual] : signs)
    text = replaced(std::move(text), sign, usual);
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n')
      c = ' ';
  return text;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

std::string number(double value) {
  return std::to_string(value); // six digits, and a point whatever the locale: C's is in force
}

// One text on its way to speech, in a folder of its own.
class speaking {
public:
  speaking(const speech_order& order, const engine_programs& programs, const stop_signal& stop)
      : order_(order), programs_(programs), stop_(stop), tools_(programs, stop),
        folder_(programs.temporary) {
    speed_ = order.speed > 0 && std::isfinite(order.speed) ? std::clamp(order.speed, 0.25, 4.0) : 1;
  }

  std::string run() {
    auto text = plain(order_.text);
    write_file(text_file_, text);
    if (order_.language == "en" && is_ascii(text))
      run_flite();
    else
      run_espeak();
    return encode();
  }

private:
  void run_flite() {
    run_engine(programs_.flite,
               {"-voice", order_.voice.flite, "--setf", "duration_stretch=" + number(1 / speed_),
                "-f", text_file_, "-o", raw_file_});
  }

  void run_espeak() {
    const auto* language = find_language(order_.language);
    if (!language)
      throw engine_error("no voice speaks '" + order_.language + "'");
    auto voice = std::string(language->espeak) + "+" + order_.voice.variant;
    auto words = std::lround(175 * speed_);
    auto spoken = std::clamp(words, 80L, 450L);
    rest_of_speed_ = static_cast<double>(words) / static_cast<double>(spoken);
    run_engine(programs_.espeak, {"-v", voice, "-s", std::to_string(spoken), "-b", "1", "-f",
                                  text_file_, "-w", raw_file_});
  }

  void run_engine(const std::string& name, std::vector<std::string> arguments) {
    program_call call;
    call.program = find_program(name);
    if (call.program.empty())
      throw engine_error("missing program: " + name);
    call.arguments = std::move(arguments);
    call.limit = programs_.limit;
    auto result = run_program(call, stop_);
    if (!result.good())
      throw engine_error(name + " " + result.reason());
  }

  double pitch_factor() const {
    if (order_.voice.hz <= 0)
      return order_.voice.pitch;
    auto spoken = median_pitch(tools_.decode(raw_file_, 16000));
    return spoken > 0 ? std::clamp(order_.voice.hz / spoken, 0.4, 2.5) : 1;
  }

  std::string encode() {
    std::string filter;
    if (auto factor = pitch_factor(); std::abs(factor - 1) > 0.005)
      filter = "rubberband=pitch=" + number(factor);
    if (std::abs(rest_of_speed_ - 1) > 0.005)
      filter += (filter.empty() ? "" : ",") + ("atempo=" + number(rest_of_speed_));
    std::vector<std::string> arguments;
    if (!filter.empty())
      arguments = {"-af", filter};
    arguments.insert(arguments.end(), {"-ac", "1", "-ar", std::to_string(speech_rate), "-fflags",
                                       "+bitexact", "-flags", "+bitexact", "-c:a"});
    if (order_.format == "opus")
      arguments.insert(arguments.end(), {"libopus", "-b:a", "48k", "-f", "ogg"});
    else if (order_.format == "mp3")
      arguments.insert(arguments.end(), {"libmp3lame", "-b:a", "96k", "-f", "mp3"});
    else if (order_.format == "flac")
      arguments.insert(arguments.end(), {"flac", "-f", "flac"});
    else if (order_.format == "aac")
      arguments.insert(arguments.end(), {"aac", "-b:a", "96k", "-f", "adts"});
    else
      arguments.insert(arguments.end(),
                       {"pcm_s16le", "-f", order_.format == "pcm" ? "s16le" : "wav"});
    auto to = folder_.file("speech");
    tools_.transcode(raw_file_, arguments, to);
    return read_file(to);
  }

  const speech_order& order_;
  const engine_programs& programs_;
  const stop_signal& stop_;
  media tools_;
  private_folder folder_;
  std::string text_file_ = folder_.file("text");
  std::string raw_file_ = folder_.file("raw.wav");
  double speed_ = 1;
  double rest_of_speed_ = 1; // what the engine could not do
};

} // namespace

bool is_speakable(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

bool is_spoken(std::string_view language) {
  return find_language(language) != nullptr;
}

std::string speak(const speech_order& order, const engine_programs& programs,
                  const stop_signal& stop) {
  return speaking(order, programs, stop).run();
}

} // namespace synapse::backends
