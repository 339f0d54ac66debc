// jStat is CommonJS without types; this is the one function of it that we call.
declare module 'jstat' {
  const jStat: { studentt: { inv(probability: number, degreesOfFreedom: number): number } }
  export default jStat
}
