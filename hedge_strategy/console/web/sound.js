// A short sound for a new alert, made here: two tones, higher and twice where it is critical.
let audio;

export const isOn = () => localStorage.getItem("sound") === "on";

export function setOn(on) {
  localStorage.setItem("sound", on ? "on" : "off");
  if (on) play("info");
}

export function play(severity) {
  if (!isOn()) return;
  audio ??= new AudioContext();
  audio.resume();
  const tones = severity === "critical" ? [880, 660, 880, 660] : severity === "warning" ? [660, 550] : [550];
  tones.forEach((hertz, number) => {
    const begin = audio.currentTime + number * 0.18;
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, begin);
    volume.gain.exponentialRampToValueAtTime(0.25, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + 0.17);
  });
  document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + 1);
}
