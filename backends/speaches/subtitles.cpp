#include "backends/speaches/subtitles.hpp"

#include <cmath>
#include <cstdio>

namespace synapse::backends {

namespace {

std::string subtitle_time(double seconds, char point) {
  auto ms = std::llround(seconds * 1000);
  char text[80];
  std::snprintf(text, sizeof(text), "%02lld:%02lld:%02lld%c%03lld", ms / 3'600'000,
                ms / 60'000 % 60, ms / 1000 % 60, point, ms % 1000);
  return text;
}

std::string cue(const heard_segment& segment, char point) {
  return subtitle_time(segment.start(), point) + " --> " + subtitle_time(segment.end(), point) +
         "\n" + segment.text() + "\n\n";
}

} // namespace

std::string to_srt(const transcript& heard) {
  std::string out;
  std::size_t number = 0;
  for (const auto& each : heard.segments)
    out += std::to_string(++number) + "\n" + cue(each, ',');
  return out;
}

std::string to_vtt(const transcript& heard) {
  std::string out = "WEBVTT\n\n";
  for (const auto& each : heard.segments)
    out += cue(each, '.');
  return out;
}

} // namespace synapse::backends
